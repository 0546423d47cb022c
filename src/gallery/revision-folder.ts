import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { MusterError, codeOf, messageOf } from '../lib/errors.ts';
import { temporaryName, unwritable, writeAside } from './durable-file.ts';
import { resealFiles } from './reseal.ts';
import { bytesOf, sourceInFile, sourceInMemory, type RevisionSource } from './revision-source.ts';
import { isSealed, sealHeadBytes, type Seal } from './seal.ts';

const revisionName = /^(\d{10,15})\.gallery$/;
const damagedName = /^(\d{10,15})\.gallery\.damaged$/;

/** A temporary file that nobody has written to for so long belongs to a writer that died, ms. */
const abandonedAfterMs = 10 * 60_000;

/** The files of one gallery, each a whole revision. Several processes may work in the folder at once. */
export interface RevisionFolder {
  /** The revisions that are there, the newest first, and the highest number that was ever seen here. */
  list(): Promise<{ readonly revisions: readonly number[]; readonly highest: number }>;
  /** Is another one whenever the newest revision's file is, and costs no reading of it; null where there is no revision. */
  stamp(): Promise<string | null>;
  /**
   * Has `decode` read a revision, in the clear; null when it is gone. Rejects as `decode` does, with DamagedRevision, or with MusterError
   * `gallery_key` where it is encrypted with another key than this folder's, and `gallery_unreadable`.
   */
  read<T>(revision: number, decode: (source: RevisionSource) => Promise<T>): Promise<T | null>;
  /**
   * Writes a revision, durably, encrypted where there is a key. False when another writer has taken the number: a
   * revision file appears whole and its content never changes.
   */
  publish(revision: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Takes a damaged revision out of the way, under a name that tells. */
  setAside(revision: number): Promise<void>;
  remove(revision: number): Promise<void>;
  /**
   * Writes each file anew that does not lie as the seal wants it, damaged ones too, and returns how many these were. Without
   * `old` those of other keys stay as they are. Interrupted, it may be called again.
   *
   * @param old opens the files that the seal does not
   */
  reseal(old: Seal | null): Promise<number>;
  /** Removes all but the newest `keep` revisions and the newest damaged one, and what dead writers left. */
  tidy(keep: number): Promise<void>;
}

export function createRevisionFolder(dir: string, clock: Clock, seal: Seal): RevisionFolder {
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

    async stamp() {
      const [newest] = numbersOf(await namesIn(dir).catch(unreadable), revisionName);
      if (newest === undefined) return null;
      const file = await stat(pathOf(newest), { bigint: true }).catch(nullWhenMissing);
      return file && `${newest}:${file.ino}:${file.size}:${file.mtimeNs}`;
    },

    async read(revision, decode) {
      const path = pathOf(revision);
      const file = await open(path).catch(nullWhenMissing).catch(unreadable);
      if (file === null) return null;
      try {
        const source = await sourceInFile(file).catch(unreadable);
        const readable: RevisionSource = {
          size: source.size,
          pieces: (start, end, use) => source.pieces(start, end, use).catch(unreadable),
        };
        if (!isSealed(await bytesOf(readable, 0, sealHeadBytes))) return await decode(readable);
        // What is encrypted is opened as a whole.
        const sealed = new Uint8Array(await file.readFile().catch(unreadable));
        return await decode(sourceInMemory(await seal.open(sealed, path)));
      } finally {
        await file.close();
      }
    },

    async publish(revision, bytes) {
      const sealed = await seal.seal(bytes);
      try {
        await writeAside(dir, sealed, (temporary) => link(temporary, pathOf(revision)));
        return true;
      } catch (error) {
        // ENOENT: another process took the temporary file for one of a dead writer.
        if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
        throw error instanceof MusterError ? error : unwritable(dir, error);
      }
    },

    setAside: async (revision) => {
      await rename(pathOf(revision), `${pathOf(revision)}.damaged`).catch(nullWhenMissing);
    },

    remove: (revision) => rm(pathOf(revision), { force: true }),

    async reseal(old) {
      const names = (await namesIn(dir).catch(unreadable)).filter(
        (name) => revisionName.test(name) || damagedName.test(name) || temporaryName.test(name),
      );
      return resealFiles(dir, names, seal, old);
    },

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
