import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { isoTime, type Clock } from '../lib/clock.ts';
import { codeOf } from '../lib/errors.ts';

export interface SettleFolders {
  readonly after: 'delete' | 'keep';
  readonly done: string;
  readonly failed: string;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** Ends a decided capture's file: deletes it, or keeps it in `done`. */
export async function finishDecided(path: string, folders: SettleFolders): Promise<void> {
  if (folders.after === 'delete') await rm(path, { force: true });
  else await moveInto(folders.done, path);
}

/** Sets a file aside in `failed`, with `<file>.reason.json` beside it, which is written first. */
export async function finishFailed(
  path: string,
  failure: Failure,
  folders: SettleFolders,
  clock: Clock,
): Promise<void> {
  await moveInto(folders.failed, path, (target) => {
    const { code, message } = failure;
    const reason = { file: basename(target), code, message, at: isoTime(clock.now()) };
    return { path: target + reasonEnding, text: `${JSON.stringify(reason, null, 2)}\n` };
  });
}

const reasonEnding = '.reason.json';
/** What most file systems allow a name, bytes, less room for a number and the ending of a reason. */
const maxNameBytes = 255 - 40 - reasonEnding.length;

/**
 * Moves a file into a folder (made where missing) under its own name, or with a number where that is taken, together
 * with a note: nothing is ever overwritten. A file that is gone is no error.
 */
async function moveInto(
  folder: string,
  path: string,
  noteFor?: (target: string) => { readonly path: string; readonly text: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const extension = cut(extname(path), 20);
  const stem = cut(basename(path, extname(path)), maxNameBytes - Buffer.byteLength(extension));
  for (let n = 0; ; n += 1) {
    // After a thousand photos of one name the numbers are no help any more.
    const suffix = n === 0 ? '' : n < 1000 ? `-${n}` : `-${randomUUID()}`;
    const target = join(folder, `${stem}${suffix}${extension}`);
    if (await exists(target)) continue;
    const note = noteFor?.(target);
    try {
      if (note !== undefined) await writeFile(note.path, note.text, { flag: 'wx' });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue;
      throw error;
    }
    try {
      await moveExclusively(path, target);
      return;
    } catch (error) {
      if (note !== undefined) await rm(note.path, { force: true });
      if (codeOf(error) === 'ENOENT' && !(await exists(path))) return;
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/** The longest beginning that has at most `bytes` bytes in UTF-8. */
function cut(text: string, bytes: number): string {
  let kept = '';
  for (const character of text) {
    if (Buffer.byteLength(kept + character) > bytes) break;
    kept += character;
  }
  return kept;
}

/** `rename` would replace the target; a hard link doesn't. Drives without links must do with `rename`. */
async function moveExclusively(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    if (!noLinks.has(codeOf(error) ?? '')) throw error;
    await rename(path, target);
    return;
  }
  await unlink(path);
}

/** What FAT, some network drives and protected files answer to `link`. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
