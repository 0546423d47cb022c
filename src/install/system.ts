import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, MusterError } from '../lib/errors.ts';
import { runProgram } from './commands.ts';
import type { Step } from './contract.ts';

/** LoadCredential of a folder is of 250; 252 is what Debian 12 and Raspberry Pi OS have. */
const oldestSystemd = 252;

/** What the units need of this machine. Throws MusterError `install_unsupported` or `install_not_root`. */
export async function checkSystem({ root, dryRun }: { root: string; dryRun: boolean }): Promise<void> {
  const { arch, platform } = process;
  if (platform !== 'linux' || !['x64', 'arm64'].includes(arch)) {
    throw unsupported(`this is ${platform} on ${arch}`, 'Muster needs a 64-bit Linux: x64 or arm64.');
  }
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined) {
    throw unsupported('this system has no glibc', 'Use Debian, Raspberry Pi OS, Ubuntu or Armbian (64-bit).');
  }
  if (process.getuid?.() !== 0 && !dryRun) {
    throw new MusterError('install_not_root', 'only root may set up a service', {
      remedy: `Run it as root, with the Node that you use: sudo "${process.execPath}" ${process.argv.slice(1).join(' ')}`,
    });
  }
  if (root !== '/') {
    await checkRoot(root);
    return;
  }
  const remedy =
    'The service needs systemd. Without it, run `muster station` under another supervisor, or use the container.';
  const version = /^systemd (\d+)/.exec(await runProgram('systemctl', ['--version'], remedy))?.[1];
  if (Number(version ?? 0) < oldestSystemd) {
    throw unsupported(
      `systemd ${version ?? '?'} is too old`,
      `Upgrade to Debian 12, Raspberry Pi OS of 2023, Ubuntu 24.04 or newer (systemd ${oldestSystemd}).`,
    );
  }
}

/** e_machine of an ELF header, by Node's names. */
const machines: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' };

/** A system that is not running must be one for which the packages of this folder are. */
async function checkRoot(root: string): Promise<void> {
  const header = await readFile(join(root, 'bin', 'sh')).catch(() => null);
  if (header === null) {
    throw unsupported(
      `${root} holds no system (no bin/sh)`,
      'Give --root the folder where its file system is mounted.',
    );
  }
  const arch = machines[header.readUInt16LE(18)] ?? 'another processor';
  if (arch !== process.arch) {
    const remedy = 'Start that system and run muster install there, or run it in a chroot with its own Node.';
    throw unsupported(
      `${root} is a system for ${arch}, and the packages of this folder are for ${process.arch}`,
      remedy,
    );
  }
}

/** The unit as systemd shall have it now. `changed` tells whether a step before has changed something. */
export function startedStep(unit: string, changed: () => boolean): Step {
  return {
    what: unit,
    async needed() {
      if (!(await holds(['is-enabled', '--quiet', unit]))) return 'enable and start';
      if (!(await holds(['is-active', '--quiet', unit]))) return 'start';
      return changed() ? 'restart' : null;
    },
    async apply() {
      await systemctl('daemon-reload');
      await systemctl('enable', unit);
      // Returns when the service has said that it is ready.
      await systemctl('restart', unit);
    },
  };
}

/** A unit that runs starts again where its program was replaced. */
export function renewedStep(unit: string, replaced: () => boolean): Step {
  return {
    what: unit,
    needed: async () => (replaced() && (await holds(['is-active', '--quiet', unit])) ? 'restart' : null),
    apply: () => systemctl('try-restart', unit),
  };
}

export function stoppedStep(unit: string): Step {
  return {
    what: unit,
    async needed() {
      const known =
        (await holds(['is-enabled', '--quiet', unit])) || (await holds(['is-active', '--quiet', unit]));
      return known ? 'stop and disable' : null;
    },
    apply: () => systemctl('disable', '--now', unit),
  };
}

/** After units were removed. */
export async function forgetUnits(): Promise<void> {
  await systemctl('daemon-reload');
}

async function systemctl(...args: readonly string[]): Promise<void> {
  const unit = args.at(-1) ?? '';
  const remedy = unit.endsWith('.service')
    ? `See what it says: journalctl -u ${unit} -n 30 --no-pager`
    : 'Is this system running systemd? For one that is not running there is --root.';
  await runProgram('systemctl', args, remedy);
}

async function holds(question: readonly string[]): Promise<boolean> {
  try {
    await runProgram('systemctl', question, '');
    return true;
  } catch (error) {
    if (error instanceof MusterError && messageOf(error).includes('no such program')) throw error;
    return false;
  }
}

function unsupported(reason: string, remedy: string): MusterError {
  return new MusterError('install_unsupported', `Muster can't be set up as a service here: ${reason}`, {
    remedy,
  });
}
