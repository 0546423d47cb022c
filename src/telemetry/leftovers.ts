import { rangesOf } from '../lib/ranges.ts';
import type { Store } from '../store/contract.ts';
import { keyOf } from './outbox-entry.ts';

/** Entries that were given up and are still on the disk. */
export interface Leftovers {
  add(seq: number): void;
  has(seq: number): boolean;
  /** It is gone from the disk. */
  gone(seq: number): void;
  /** Deletes them, a part at a time. A disk that takes no writes is asked again after a while, with a later call. Never rejects. */
  sweep(): Promise<void>;
}

/** How many are deleted at a time. */
const sweepLimit = 10_000;
/** From so many in a row on, they are deleted as a range. */
const longRange = 8;

export function createLeftovers(store: Pick<Store, 'batch' | 'clear'>, retryMs: number): Leftovers {
  const leftovers = new Set<number>();
  let sweepFrom = 0;

  return {
    add: (seq) => void leftovers.add(seq),
    has: (seq) => leftovers.has(seq),
    gone: (seq) => void leftovers.delete(seq),
    async sweep() {
      const seqs = [...leftovers].slice(0, sweepLimit);
      if (seqs.length === 0 || performance.now() < sweepFrom) return;
      const ranges = rangesOf(seqs);
      const isLong = ([from, to]: readonly [number, number]) => to - from >= longRange;
      const few = ranges.filter((range) => !isLong(range)).flatMap(([from, to]) => numbersOf(from, to));
      try {
        for (const [from, to] of ranges.filter(isLong)) {
          await store.clear({ gte: keyOf(from), lt: keyOf(to + 1) });
        }
        await store.batch(
          few.map((seq) => ({ key: keyOf(seq), value: undefined })),
          { durable: false },
        );
        for (const seq of seqs) leftovers.delete(seq);
      } catch {
        sweepFrom = performance.now() + retryMs;
      }
    },
  };
}

function numbersOf(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
