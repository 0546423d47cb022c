import { mkdir, rename } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Store, StoreDamage, Write } from './contract.ts';

/**
 * The station's store on LevelDB, and the one door to it.
 *
 * @param dir the store's own folder; made where it is missing
 */
export function createStore(dir: string): Store {
  let db = new ClassicLevel(dir, { createIfMissing: true });

  return {
    async open() {
      try {
        await mkdir(dir, { recursive: true });
      } catch (error) {
        throw unusable(error);
      }
      try {
        await db.open();
        return null;
      } catch (error) {
        return await recover(error);
      }
    },
    get: (key) => db.get(key),
    async batch(writes, { durable }) {
      await db.batch(writes.map(operation), { sync: durable });
    },
    entries: (range) => db.iterator(range),
    keys: (range) => db.keys(range),
    close: () => db.close(),
  };

  async function recover(error: unknown): Promise<StoreDamage> {
    const cause = (error as { cause?: unknown }).cause ?? error;
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new MusterError('store_locked', `the store ${dir} is in use by another process`, {
        remedy: 'Stop the other station, or give this one a data_dir of its own.',
        cause: error,
      });
    }
    if (codeOf(cause) !== 'LEVEL_CORRUPTION') throw unusable(cause);
    const reason = messageOf(cause);
    try {
      await ClassicLevel.repair(dir);
      db = new ClassicLevel(dir, { createIfMissing: true });
      await db.open();
      return { outcome: 'repaired', reason };
    } catch {
      const path = `${dir}.damaged-${Date.now()}`;
      await rename(dir, path);
      db = new ClassicLevel(dir, { createIfMissing: true });
      await db.open();
      return { outcome: 'set_aside', reason, path };
    }
  }

  function unusable(cause: unknown): MusterError {
    return new MusterError('store_unusable', `the store ${dir} can't be opened: ${messageOf(cause)}`, {
      remedy:
        'Check that data_dir is on a working disk with free space and belongs to the user that runs Muster.',
      cause,
    });
  }
}

function operation({ key, value }: Write) {
  return value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value };
}
