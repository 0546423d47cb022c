import { spawnSync } from 'node:child_process';

/** Debian puts some where only root looks. */
const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export function hasProgram(name: string, argument = '--version'): boolean {
  return spawnSync(name, [argument], { env: { ...process.env, PATH: path } }).error === undefined;
}

export const isRoot = process.getuid?.() === 0;
