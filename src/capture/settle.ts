import { randomUUID } from 'node:crypto';
import { link, lstat, mkdir, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
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

/** A file on its way out has this before its name, which hides it from everybody who lists captures. */
const leaving = '.leaving-';

/**
 * Ends a decided capture's file: deletes it, or keeps it in `done`. The file is taken out of everybody's sight before it is looked at for the
 * last time, so that a photo that is written under the same name at this moment is never taken for the decided one.
 *
 * @param isDecided whether a path holds what was decided; anything else stays in the folder
 */
export async function finishDecided(
  path: string,
  folders: SettleFolders,
  isDecided: (path: string) => Promise<boolean>,
): Promise<void> {
  const name = basename(path);
  const hidden = join(dirname(path), `${leaving}${name}`);
  if (Buffer.byteLength(hidden) - Buffer.byteLength(dirname(path)) > maxFileNameBytes) {
    if (await isDecided(path)) await putAway(path, name, folders);
    return;
  }
  try {
    await rename(path, hidden);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (await isDecided(hidden)) await putAway(hidden, name, folders);
    else await putBack(hidden, path);
  } catch (error) {
    await putBack(hidden, path);
    throw error;
  }
}

/** Puts back what a crash has left on its way out. It is offered again, found decided, and ended. */
export async function putBackUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith(leaving)) await putBack(join(dir, name), join(dir, name.slice(leaving.length)));
  }
}

async function putAway(path: string, name: string, folders: SettleFolders): Promise<void> {
  if (folders.after === 'keep') return await moveInto(folders.done, path, name);
  // `rm` would look at it twice before.
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/** Under another name where its own has been taken meanwhile. */
async function putBack(hidden: string, path: string): Promise<void> {
  try {
    await moveExclusively(hidden, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') await moveInto(dirname(path), hidden, basename(path));
    else if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Sets a file aside in `failed`, with `<file>.reason.json` beside it, which is written first. */
export async function finishFailed(
  path: string,
  failure: Failure,
  folders: SettleFolders,
  clock: Clock,
): Promise<void> {
  await moveInto(folders.failed, path, basename(path), (target) => {
    const { code, message } = failure;
    const reason = { file: basename(target), code, message, at: isoTime(clock.now()) };
    return { path: target + reasonEnding, text: `${JSON.stringify(reason, null, 2)}\n` };
  });
}

const reasonEnding = '.reason.json';
/** What most file systems allow a name, bytes. */
const maxFileNameBytes = 255;
/** Leaves room for a number and the ending of a reason, bytes. */
const maxNameBytes = maxFileNameBytes - 40 - reasonEnding.length;

/**
 * Moves a file into a folder (made where missing) under a name, or with a number where that is taken, together
 * with a note: nothing is ever overwritten. A file that is gone is no error.
 */
export async function moveInto(
  folder: string,
  path: string,
  name: string,
  noteFor?: (target: string) => { readonly path: string; readonly text: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const extension = cut(extname(name), 20);
  const stem = cut(basename(name, extname(name)), maxNameBytes - Buffer.byteLength(extension));
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
    if (await exists(target)) throw Object.assign(new Error(`${target} is taken`), { code: 'EEXIST' });
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
