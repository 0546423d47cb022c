import type { Store } from '../../store/contract.ts';

/** The ids of the commands that were begun, over restarts. */
export interface CommandMemory {
  /** Reads what the store holds. */
  open(): Promise<void>;
  has(id: string): boolean;
  /** Known at once; resolves when it is on disk. */
  add(id: string): Promise<void>;
}

const prefix = 'command/';
const end = 'command0';
/** So many commands in a day (the longest time to live) are not given by people. The oldest is forgotten. */
const maxIds = 1_000;

/** The memory in `store`, which must be open before `open()` is called. */
export function createCommandMemory(store: Store, limit = maxIds): CommandMemory {
  /** Ids with their keys, the oldest first. */
  const ids = new Map<string, string>();
  let next = 0;

  return {
    async open() {
      for await (const [key, id] of store.entries({ gte: prefix, lt: end })) {
        ids.set(id, key);
        next = Number(key.slice(prefix.length)) + 1;
      }
    },
    has: (id) => ids.has(id),
    async add(id) {
      const key = prefix + String(next).padStart(12, '0');
      next += 1;
      ids.set(id, key);
      const forgotten = [...ids].slice(0, Math.max(0, ids.size - limit));
      for (const [old] of forgotten) ids.delete(old);
      await store.batch(
        [{ key, value: id }, ...forgotten.map(([, old]) => ({ key: old, value: undefined }))],
        { durable: true },
      );
    },
  };
}
