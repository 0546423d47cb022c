import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { EpochMs } from '../lib/clock.ts';
import { besidePrefix } from './contract.ts';

/** A backup that is being made for so long is not being made any more, ms. */
const unfinishedMs = 86_400_000;

type Station = Pick<Config, 'site' | 'station'>;

/** The file of a backup in a folder with those of many days and stations: `muster-<site>-<station>-20261125T031700Z.tar`. */
export function datedName({ site, station }: Station, now: EpochMs): string {
  const stamp = new Date(now).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  return `muster-${site}-${station}-${stamp}.tar`;
}

/**
 * Removes all but the newest `keep` backups of a station. The one just written stays in any case: a clock that was not set may have named
 * it as if it were the oldest. What power cuts have left of unfinished ones goes after a day. Returns how many backups went.
 */
export async function keepNewest(
  folder: string,
  { site, station }: Station,
  keep: number,
  written: string,
): Promise<number> {
  const prefix = `muster-${site}-${station}-`;
  const isOwn = (name: string) =>
    name.startsWith(prefix) && /^\d{8}T\d{6}Z\.tar$/.test(name.slice(prefix.length));
  const names = (await readdir(folder)).filter((name) => isOwn(name) && name !== basename(written));
  const old = names
    .toSorted()
    .toReversed()
    .slice(keep - 1);
  for (const name of old) {
    const path = join(folder, name);
    if ((await lstat(path)).isFile()) await rm(path);
  }
  await removeUnfinished(folder, (await lstat(written)).mtimeMs - unfinishedMs);
  return old.length;
}

/** By the times of the disk, which may be another machine's. */
async function removeUnfinished(folder: string, before: number): Promise<void> {
  for (const name of (await readdir(folder)).filter((each) => each.startsWith(besidePrefix))) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => null);
    if (found?.isDirectory() === true && found.mtimeMs < before)
      await rm(path, { recursive: true, force: true });
  }
}
