import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { MusterError, codeOf, messageOf } from '../lib/errors.ts';

const revisionName = /^(\d{10,15})\.gallery$/;
const damagedName = /^(\d{10,15})\.gallery\.damaged$/;
const temporaryName = /^\..+\.tmp$/;

/** A temporary file that nobody has written to for so long belongs to a writer that died, ms. */
const abandonedAfterMs = 10 * 60_000;

/** The files of one gallery, each a whole revision. Several processes may work in the folder at once. */
export interface RevisionFolder {
  /** The revisions that are there, the newest first, and the highest number that was ever seen here. */
  list(): Promise<{ readonly revisions: readonly number[]; readonly highest: number }>;
  /** The bytes of a revision; null when it is gone. */
  read(revision: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /**
   * Writes a revision, durably. False when another writer has taken the number: a revision file appears whole and
   * is never written over.
   */
  publish(revision: number, bytes: Uint8Array): Promise<boolean>;
  /** Takes a damaged revision out of the way, under a name that tells. */
  setAside(revision: number): Promise<void>;
  remove(revision: number): Promise<void>;
  /** Removes all but the newest `keep` revisions and the newest damaged one, and what dead writers left. */
  tidy(keep: number): Promise<void>;
}

export function createRevisionFolder(dir: string, clock: Clock): RevisionFolder {
  const pathOf = (revision: number) => join(dir, `${String(revision).padStart(10, '0')}.gallery`);
  const unreadable = (error: unknown): never => {
    throw new MusterError('gallery_unreadable', `the gallery in ${dir} can't be read: ${messageOf(error)}`, {
      remedy: 'See that it is a folder which this user may read.',
      cause: error,
    });
  };

  return {
    async list() {
      const names = await namesIn(dir).catch(unreadable);
      const revisions = numbersOf(names, revisionName);
      return { revisions, highest: Math.max(0, ...revisions, ...numbersOf(names, damagedName)) };
    },

    read: (revision) => readFile(pathOf(revision)).catch(nullWhenMissing).catch(unreadable),

    async publish(revision, bytes) {
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
        await link(temporary, pathOf(revision));
        await syncFolder(dir);
        return true;
      } catch (error) {
        // ENOENT: another process took the temporary file for one of a dead writer.
        if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
        throw unwritable(dir, error);
      } finally {
        await rm(temporary, { force: true });
      }
    },

    setAside: async (revision) => {
      await rename(pathOf(revision), `${pathOf(revision)}.damaged`).catch(nullWhenMissing);
    },

    remove: (revision) => rm(pathOf(revision), { force: true }),

    async tidy(keep) {
      const names = await namesIn(dir);
      const abandoned: string[] = [];
      for (const name of names.filter((each) => temporaryName.test(each))) {
        const written = await stat(join(dir, name)).catch(nullWhenMissing);
        if (written && clock.now() - written.mtimeMs > abandonedAfterMs) abandoned.push(join(dir, name));
      }
      const stale = numbersOf(names, revisionName).slice(keep).map(pathOf);
      const damaged = numbersOf(names, damagedName).slice(1);
      for (const path of [...abandoned, ...stale, ...damaged.map((number) => `${pathOf(number)}.damaged`)]) {
        await rm(path, { force: true });
      }
    },
  };
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

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function namesIn(dir: string): Promise<string[]> {
  return (await readdir(dir).catch(nullWhenMissing)) ?? [];
}

/** The numbers in the names that have the pattern, the highest first. */
function numbersOf(names: readonly string[], pattern: RegExp): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => b - a);
}

function nullWhenMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

function unwritable(dir: string, error: unknown): MusterError {
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
