import { setImmediate as giveWay } from 'node:timers/promises';

export { giveWay };

/** The time that a long work has on its thread before others have a turn. */
export interface Turn {
  isOver(): boolean;
  /** Lets the others have theirs, and begins the next. */
  next(): Promise<void>;
}

/** Giving way costs up to a tenth of a millisecond, so it is by the time that passed: a search that is quicker than this does so never. */
const turnMs = 4;

export function startTurn(): Turn {
  let started = performance.now();
  return {
    isOver: () => performance.now() - started >= turnMs,
    async next() {
      await giveWay();
      started = performance.now();
    },
  };
}
