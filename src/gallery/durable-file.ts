import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MusterError, codeOf, messageOf } from '../lib/errors.ts';
import { syncFolder } from '../lib/sync-folder.ts';

/** The names of files that are being written. */
export const temporaryName = /^\..+\.tmp$/;

/**
 * Writes a file of its own beside those of the gallery, durably, and has it put in place. It is gone afterwards, whatever happens.
 *
 * @param place links or renames the file, whose path it is given
 */
export async function writeAside(
  dir: string,
  bytes: Uint8Array,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const owner = await makeFolder(dir);
  const temporary = join(dir, `.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      if (owner) await file.chown(owner.uid, owner.gid);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary);
    await syncFolder(dir);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Makes the gallery's folder, for its owner only. Where root does it (an operator with sudo), files and folders are
 * given to the owner of the folder they are in, or the station couldn't read them: that owner is returned.
 */
export async function makeFolder(dir: string): Promise<{ uid: number; gid: number } | null> {
  const first = await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable(dir, error);
  });
  if (process.getuid?.() !== 0) return null;
  if (first !== undefined) {
    const { uid, gid } = await stat(dirname(first));
    for (let made = dir; made.length >= first.length; made = dirname(made)) await chown(made, uid, gid);
  }
  return stat(dir);
}

export function unwritable(dir: string, error: unknown): MusterError {
  const noLinks = codeOf(error) === 'EPERM' || codeOf(error) === 'ENOTSUP';
  return new MusterError(
    'gallery_unwritable',
    `the gallery in ${dir} can't be written: ${messageOf(error)}`,
    {
      remedy: noLinks
        ? 'Put data_dir on a file system with hard links (such as ext4, not FAT), and let this user write there.'
        : 'See that there is room on the disk and that this user may write there.',
      cause: error,
    },
  );
}
