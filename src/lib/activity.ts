import type { Clock } from './clock.ts';

/** Work that should be done in a moment: what of it has been waited for, and how long. */
export interface Activity {
  /** Notes the work until it has settled. */
  during<T>(work: Promise<T>): Promise<T>;
  /** How long the oldest of what is under way has lasted, ms; 0 where nothing is. */
  longestMs(): number;
}

export function createActivity(clock: Pick<Clock, 'monotonic'>): Activity {
  /** Oldest first. */
  const begun = new Map<symbol, number>();
  return {
    async during(work) {
      const key = Symbol('work');
      begun.set(key, clock.monotonic());
      try {
        return await work;
      } finally {
        begun.delete(key);
      }
    },
    longestMs() {
      const [oldest] = begun.values();
      return oldest === undefined ? 0 : clock.monotonic() - oldest;
    },
  };
}
