import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { EpochMs } from '../lib/clock.ts';

type Station = Pick<Config, 'site' | 'station'>;

/** The file of a backup in a folder with those of many days and stations: `muster-<site>-<station>-20261125T031700Z.tar`. */
export function datedName({ site, station }: Station, now: EpochMs): string {
  const stamp = new Date(now).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  return `muster-${site}-${station}-${stamp}.tar`;
}

/** Removes all but the newest `keep` backups of a station. Returns how many went. */
export async function keepNewest(folder: string, { site, station }: Station, keep: number): Promise<number> {
  const prefix = `muster-${site}-${station}-`;
  const isOwn = (name: string) =>
    name.startsWith(prefix) && /^\d{8}T\d{6}Z\.tar$/.test(name.slice(prefix.length));
  const names = (await readdir(folder)).filter(isOwn).toSorted().toReversed();
  for (const name of names.slice(keep)) {
    const path = join(folder, name);
    if ((await lstat(path)).isFile()) await rm(path);
  }
  return Math.max(0, names.length - keep);
}
