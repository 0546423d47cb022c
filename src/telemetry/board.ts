import { readFile } from 'node:fs/promises';
import { cpus, release, type as osType } from 'node:os';

/** What the machine is, for `info`. */
export async function readBoard(): Promise<{ board: string; os: string; bootId: string | null }> {
  const [model, osRelease, bootId] = await Promise.all([
    readFile('/proc/device-tree/model', 'utf8').catch(() => null),
    readFile('/etc/os-release', 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null),
  ]);
  const prettyName = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1];
  return {
    // The device tree ends its strings with a NUL.
    board: model?.replaceAll('\0', '').trim() ?? cpus()[0]?.model.trim() ?? 'unknown',
    os: prettyName ?? `${osType()} ${release()}`,
    bootId: bootId?.trim() ?? null,
  };
}
