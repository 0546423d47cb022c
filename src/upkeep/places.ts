import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deadLetterName } from '../bridge/dead-letters.ts';
import { deadLetterDir } from '../bridge/options.ts';
import { captureFolders } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import { filesIn, remove, type Found } from './folder.ts';

/** Where things lie that a station can do without. Never the outbox, the gallery or the inbox. */
export interface Place {
  /** Of several. */
  readonly what: string;
  readonly dir: string;
  /** What may go, the one that was put there first comes first. */
  list(): Promise<readonly Found[]>;
  /** False where it was gone already. */
  remove(found: Found): Promise<boolean>;
}

export interface Limits {
  /** What was put there before this time goes, epoch ms. */
  readonly before: number;
  /** Then the oldest go until the rest is no larger. */
  readonly maxBytes: number;
}

export type PlaceName = 'done' | 'failed' | 'dead_letters' | 'set_aside';

/** In the order in which they are given up on a disk that is nearly full. */
export function placesOf(config: Pick<Config, 'data_dir' | 'capture' | 'bridge'>): Record<PlaceName, Place> {
  const { done, failed } = captureFolders(config);
  return {
    done: folderOf('kept photos', done),
    failed: folderOf('failed captures', failed),
    dead_letters: folderOf('dead letters', deadLetterDir(config), (name) => deadLetterName.test(name)),
    set_aside: setAsideIn(config.data_dir),
  };
}

/** Removes what is too old, then the oldest until the rest fits. */
export async function prune(place: Place, { before, maxBytes }: Limits) {
  const found = await place.list();
  let left = found.reduce((sum, { bytes }) => sum + bytes, 0);
  const pruned = { count: 0, bytes: 0 };
  for (const each of found) {
    if (each.since >= before && left <= maxBytes) break;
    left -= each.bytes;
    if (!(await place.remove(each))) continue;
    pruned.count += 1;
    pruned.bytes += each.bytes;
  }
  return pruned;
}

function folderOf(what: string, dir: string, fits?: (name: string) => boolean): Place {
  return { what, dir, list: () => filesIn(dir, fits), remove: ({ path }) => remove(path) };
}

/** Names that a station gives to what it could not read any more, and to what a restore has replaced. */
const setAsideName = /^(state\.damaged-\d+|remote-settings\.json\.damaged|replaced-\d+)$/;

function setAsideIn(dir: string): Place {
  return {
    what: 'damaged or replaced files',
    dir,
    async list() {
      const names = (await readdir(dir).catch((): string[] => [])).filter((name) => setAsideName.test(name));
      const found = await Promise.all(
        names.map(async (name) => {
          const path = join(dir, name);
          const stats = await lstat(path).catch(() => null);
          return stats && { path, bytes: await sizeOf(path), since: stats.ctimeMs };
        }),
      );
      return found.filter((each) => each !== null).toSorted((a, b) => a.since - b.since);
    },
    async remove({ path }) {
      await rm(path, { recursive: true, force: true });
      return true;
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return 0;
  if (!stats.isDirectory()) return stats.size;
  let sum = 0;
  for (const name of await readdir(path).catch((): string[] => [])) sum += await sizeOf(join(path, name));
  return sum;
}
