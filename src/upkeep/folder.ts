import { lstat, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../lib/errors.ts';

/** Something that may be removed. */
export interface Found {
  readonly path: string;
  readonly bytes: number;
  /** When it was put there (its ctime), epoch ms: a photo's own time is that of its capture. */
  readonly since: number;
}

/**
 * The plain files of a folder whose names fit, the oldest first. Hidden files, links and subfolders are not ours. A folder that is missing
 * is empty.
 */
export async function filesIn(dir: string, fits: (name: string) => boolean = () => true): Promise<Found[]> {
  const found: Found[] = [];
  try {
    for await (const entry of await opendir(dir)) {
      if (!entry.isFile() || entry.name.startsWith('.') || !fits(entry.name)) continue;
      const path = join(dir, entry.name);
      const stats = await lstat(path).catch(() => null);
      if (stats !== null) found.push({ path, bytes: stats.size, since: stats.ctimeMs });
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
  }
  return found.toSorted((a, b) => a.since - b.since);
}

/** False where it was gone already. */
export async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
