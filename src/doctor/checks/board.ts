import { planThreads } from '../../board/plan.ts';
import { readCores } from '../../board/topology.ts';
import { none, failure, ok, warning, type Check } from '../contract.ts';

const leastGlibc = [2, 28] as const;
const leastNode = [20, 19] as const;
/** Models, Node and photos together; a board with 512 MB shows less than that. */
const leastMemoryMb = 400;

/** What the machine is, and whether Muster's native parts run on it. */
export const board: Check = {
  name: 'board',
  async run({ host }) {
    const model = (await host.read('/proc/device-tree/model')) ?? host.cpu;
    const release = await host.read('/etc/os-release');
    const os = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release ?? '')?.[1] ?? host.platform;
    if (host.platform !== 'linux')
      return failure(
        `${model} runs ${os}`,
        'Muster needs Linux: Raspberry Pi OS, Debian, Ubuntu or Armbian, 64-bit.',
      );
    if (host.arch !== 'arm64' && host.arch !== 'x64') {
      return failure(
        `${model} runs a ${host.arch} system; Muster's libraries are for 64-bit only`,
        'Install the 64-bit edition of the system (`uname -m` says aarch64 or x86_64), then a 64-bit Node.',
      );
    }
    return ok(`${model}, ${os}, ${host.arch}`);
  },
};

/** The C library: the native libraries are made for glibc. */
export const libc: Check = {
  name: 'libc',
  run({ host }) {
    if (host.glibc === null) {
      const remedy = 'Use a system with glibc (Debian, Ubuntu, Raspberry Pi OS), not one with musl (Alpine).';
      return Promise.resolve(failure('the C library is not glibc', remedy));
    }
    if (isOlder(host.glibc, leastGlibc)) {
      const remedy = 'Upgrade the system: Debian 11, Ubuntu 20.04 and newer have it.';
      return Promise.resolve(failure(`glibc ${host.glibc} is older than ${leastGlibc.join('.')}`, remedy));
    }
    return Promise.resolve(ok(`glibc ${host.glibc}`));
  },
};

export const node: Check = {
  name: 'node',
  run({ host }) {
    if (isOlder(host.nodeVersion, leastNode)) {
      const remedy = 'Install Node 24 LTS (https://nodejs.org), at least 20.19.';
      return Promise.resolve(failure(`Node ${host.nodeVersion} is too old`, remedy));
    }
    if (host.nodeVersion.startsWith('20.')) {
      const remedy = 'Install Node 24 LTS (https://nodejs.org) when you can.';
      return Promise.resolve(warning(`Node ${host.nodeVersion} gets no security fixes any more`, remedy));
    }
    return Promise.resolve(ok(`Node ${host.nodeVersion}`));
  },
};

export const memory: Check = {
  name: 'memory',
  run({ host: { memory: free } }) {
    const mb = (bytes: number) => Math.round(bytes / 2 ** 20);
    const words = `${mb(free.totalBytes)} MiB, ${mb(free.availableBytes)} MiB free`;
    if (mb(free.totalBytes) >= leastMemoryMb) return Promise.resolve(ok(words));
    return Promise.resolve(
      warning(words, 'A station takes about 250 MiB: use a board with 1 GB, or add swap.'),
    );
  },
};

/** Cores and what they can do. */
export const cpu: Check = {
  name: 'cpu',
  async run({ host, config }) {
    const info = (await host.read('/proc/cpuinfo')) ?? '';
    const flags = new Set(/^(?:Features|flags)\s*:\s*(.*)$/m.exec(info)?.[1]?.split(' ') ?? []);
    const threads = config.vision.threads;
    const plan = planThreads(await readCores((path) => host.read(path), host.cores));
    const words = `${host.cpu}, ${plan.reason}; vision.threads ${threads}${threads === 'auto' ? ` (${plan.threads} unless tuned)` : ''}`;
    if (typeof threads === 'number' && threads > host.cores)
      return warning(
        `${words}: more threads than cores`,
        'Set vision.threads to auto, and run `muster tune`.',
      );
    if (flags.size === 0) return none(`${words}; its features can not be read`);
    return ok(flags.has('asimddp') || flags.has('avx2') ? `${words}, with fast integer products` : words);
  },
};

function isOlder(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < least[0] || (major === least[0] && minor < least[1]);
}
