import { mkdir, readdir, rename, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { StoreDamage } from './contract.ts';

/** The files of a store: opened, repaired, set aside. One caller at a time. */
export interface Files {
  /** As `Store.open`. */
  open(): Promise<StoreDamage | null>;
  /** The database of this moment: take it anew for each operation. */
  db(): ClassicLevel;
  isOpen(): boolean;
  /** Closes and opens, with a repair between, or sets the files aside and begins with none. Throws like `open`. */
  reopen(how: 'reopen' | 'repair' | 'set aside', reason: string): Promise<StoreDamage | null>;
  /** Throws MusterError `store_full` where there is no room to open the files anew; then they are better left open for reading. */
  checkRoom(): Promise<void>;
  isDamage(error: unknown): boolean;
  close(): Promise<void>;
}

/** Opening writes the content of the log into a table, and a new manifest, bytes. */
const roomBesideLog = 512 * 1024;

/**
 * For blocks that were read, bytes. LevelDB's own 8 MiB fill slowly with what nobody asks for again: entries are written once and read
 * once or twice.
 */
const cacheBytes = 2 ** 20;

/** The one door to LevelDB. */
export function createFiles(dir: string): Files {
  let db: ClassicLevel | undefined;

  return {
    async open() {
      try {
        await mkdir(dir, { recursive: true });
      } catch (error) {
        throw unusable(error);
      }
      return await openOrRecover();
    },
    db() {
      if (db?.status !== 'open') throw new MusterError('store_closed', `the store ${dir} is not open`);
      return db;
    },
    isOpen: () => db?.status === 'open',
    async reopen(how, reason) {
      await db?.close();
      if (how === 'set aside') return await setAside(reason);
      if (how === 'repair') return await repair(reason);
      return await openOrRecover();
    },
    async checkRoom() {
      const { bavail, bsize } = await statfs(dir);
      if (bavail * bsize < (await logBytes()) + roomBesideLog) {
        throw full();
      }
    },
    isDamage: (error) => isCorruption(error),
    async close() {
      await db?.close();
    },
  };

  async function openOrRecover(): Promise<StoreDamage | null> {
    if (await lostItsHead()) return await repair('the file CURRENT is missing');
    try {
      await openNew();
      return null;
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause ?? error;
      if (codeOf(cause) === 'LEVEL_LOCKED') {
        throw new MusterError('store_locked', `the store ${dir} is in use by another process`, {
          remedy: 'Stop the other station, or give this one a data_dir of its own.',
          cause: error,
        });
      }
      if (!isCorruption(cause)) throw unusable(cause);
      return await repair(messageOf(cause));
    }
  }

  async function openNew(): Promise<void> {
    const next = new ClassicLevel(dir, { createIfMissing: true, cacheSize: cacheBytes });
    await next.open();
    db = next;
  }

  /** LevelDB takes a folder without CURRENT for a new store, and deletes what it finds there. */
  async function lostItsHead(): Promise<boolean> {
    const names = await readdir(dir).catch((): string[] => []);
    return !names.includes('CURRENT') && names.some((name) => /\.(ldb|sst|log)$|^MANIFEST-/.test(name));
  }

  async function repair(reason: string): Promise<StoreDamage> {
    try {
      await ClassicLevel.repair(dir);
      await openNew();
      return { outcome: 'repaired', reason };
    } catch (error) {
      // A full disk is no reason to give up what could be repaired later.
      const cause = (error as { cause?: unknown }).cause ?? error;
      if (isFull(cause)) throw full(cause);
      return await setAside(reason);
    }
  }

  async function setAside(reason: string): Promise<StoreDamage> {
    const path = `${dir}.damaged-${Date.now()}`;
    try {
      await rename(dir, path);
      await openNew();
    } catch (error) {
      throw unusable((error as { cause?: unknown }).cause ?? error);
    }
    return { outcome: 'set_aside', reason, path };
  }

  async function logBytes(): Promise<number> {
    const logs = (await readdir(dir)).filter((name) => name.endsWith('.log'));
    const sizes = await Promise.all(logs.map(async (name) => (await stat(join(dir, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  function unusable(cause: unknown): MusterError {
    if (isFull(cause)) return full(cause);
    return new MusterError('store_unusable', `the store ${dir} can't be opened: ${messageOf(cause)}`, {
      remedy: 'Check that data_dir is on a working disk and belongs to the user that runs Muster.',
      cause,
    });
  }

  function full(cause?: unknown): MusterError {
    return new MusterError('store_full', `the disk of the store ${dir} is full`, {
      remedy: 'Free space on the disk of data_dir. The station goes on by itself then.',
      cause,
    });
  }
}

/** ENOSPC has a code where Node says it, and words only where LevelDB does. */
function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || /no space left/i.test(messageOf(error));
}

/** LevelDB says so itself; a table that is not there any more, it tells as an input error, also in `open`. */
function isCorruption(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'LEVEL_CORRUPTION' || (code === 'LEVEL_IO_ERROR' && /No such file/i.test(messageOf(error)));
}
