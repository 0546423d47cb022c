import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Range, Store, StoreDamage, Write } from './contract.ts';
import { createFiles } from './files.ts';

/** How many entries are read at a time. Each is at most as large as an event, 32 KB. */
const chunk = 256;
/** After the files could not be opened anew, nobody tries again for this long, ms. */
const mendPauseMs = 1_000;

/**
 * The station's store on LevelDB.
 *
 * @param dir the store's own folder; made where it is missing
 */
export function createStore(dir: string): Store {
  const files = createFiles(dir);
  const listeners: ((damage: StoreDamage | null) => void)[] = [];
  let state: 'new' | 'open' | 'closed' = 'new';
  let openings = 0;
  /** A batch failed: LevelDB's log may end in half a record, and what is written behind it would be lost. */
  let suspended = false;
  let mending: Promise<void> | null = null;
  let failed: { readonly at: number; readonly error: unknown } | null = null;
  let active = 0;
  let idle: (() => void) | null = null;

  return {
    async open() {
      const damage = await files.open();
      state = 'open';
      openings += 1;
      return damage;
    },
    get: (key) => read(() => files.db().get(key)),
    async batch(writes, { durable, opening }) {
      const now = await writable();
      if (opening !== undefined && opening !== now) {
        throw new MusterError('store_reopened', `the store ${dir} was opened anew meanwhile`);
      }
      await write(() => files.db().batch(writes.map(operation), { sync: durable }));
    },
    async clear({ gte, lt }) {
      await writable();
      await write(() => files.db().clear({ gte, lt }));
    },
    entries: (range) =>
      inChunks(
        range,
        (part) => files.db().iterator(part).all(),
        ([key]) => key,
      ),
    keys: (range) =>
      inChunks(
        range,
        (part) => files.db().keys(part).all(),
        (key) => key,
      ),
    compact: () => read(() => files.db().compactRange('', '\uffff')),
    writable,
    onReopened(listener) {
      listeners.push(listener);
    },
    async close() {
      state = 'closed';
      await mending?.catch(() => undefined);
      await quiet();
      await files.close();
    },
  };

  async function writable(): Promise<number> {
    await mending?.catch(() => undefined);
    if (state === 'open' && (suspended || !files.isOpen())) await mend('reopen');
    return openings;
  }

  async function write(operate: () => Promise<void>): Promise<void> {
    try {
      await using(operate);
    } catch (error) {
      suspended = true;
      if (files.isDamage(error)) await mend('repair').catch(() => undefined);
      throw error;
    }
  }

  /** Runs a reading operation, and once more after the store was mended. */
  async function read<T>(operate: () => Promise<T>): Promise<T> {
    for (const cure of ['repair', 'set aside'] as const) {
      await mending?.catch(() => undefined);
      if (state === 'open' && !files.isOpen()) await mend('reopen');
      const opening = openings;
      try {
        return await using(operate);
      } catch (error) {
        if (state !== 'open') throw error;
        // Others may have met the same damage at the same time, and one of them has mended it.
        if (opening !== openings || mending !== null) continue;
        if (files.isDamage(error)) await mend(cure, error);
        else if (codeOf(error)?.startsWith('LEVEL_')) await mend('reopen');
        else throw error;
      }
    }
    return await using(operate);
  }

  /** Opens the files anew, one at a time, when nothing uses them. */
  function mend(how: 'reopen' | 'repair' | 'set aside', cause?: unknown): Promise<void> {
    if (failed !== null && performance.now() < failed.at + mendPauseMs) return Promise.reject(failed.error);
    mending ??= (async () => {
      await quiet();
      if (how === 'reopen' && files.isOpen()) await files.checkRoom();
      const damage = await files.reopen(how, cause === undefined ? '' : messageOf(cause));
      suspended = false;
      failed = null;
      openings += 1;
      for (const listener of listeners) listener(damage);
    })()
      .catch((error: unknown) => {
        failed = { at: performance.now(), error };
        throw error;
      })
      .finally(() => {
        mending = null;
      });
    return mending;
  }

  async function using<T>(operate: () => Promise<T>): Promise<T> {
    active += 1;
    try {
      return await operate();
    } finally {
      active -= 1;
      if (active === 0) idle?.();
    }
  }

  async function quiet(): Promise<void> {
    if (active > 0) await new Promise<void>((resolve) => (idle = resolve));
    idle = null;
  }

  /** A part at a time, so that the store can be opened anew between two of them. */
  async function* inChunks<T>(
    { limit = Number.POSITIVE_INFINITY, ...range }: Range,
    take: (part: Part) => Promise<T[]>,
    keyOf: (item: T) => string,
  ): AsyncGenerator<T> {
    let rest: Part = { ...range, limit: 0 };
    for (let left = limit; left > 0;) {
      const part = { ...rest, limit: Math.min(left, chunk) };
      const items = await read(() => take(part));
      yield* items;
      const last = items.at(-1);
      if (last === undefined || items.length < part.limit) return;
      left -= items.length;
      rest = nextPart(range, keyOf(last));
    }
  }
}

interface Part extends Omit<Range, 'limit'> {
  readonly gt?: string;
  readonly limit: number;
}

function nextPart({ gte, lt, reverse }: Omit<Range, 'limit'>, last: string): Part {
  if (reverse === true) return { ...(gte === undefined ? {} : { gte }), lt: last, reverse, limit: 0 };
  return { ...(lt === undefined ? {} : { lt }), gt: last, limit: 0 };
}

function operation({ key, value }: Write) {
  return value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value };
}
