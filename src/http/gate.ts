import { createTurns } from '../lib/turns.ts';
import { HttpProblem } from './problem.ts';

/** Lets a bounded number of requests in, and one of them at a time to the work. */
export interface Gate {
  /**
   * Takes a place; call what it gives when the request is over. Throws HttpProblem `overloaded` at once where all are
   * taken.
   */
  enter(): () => void;
  /** Runs `work` when what was asked for before is done. Rejects as the signal says when that aborts first. */
  inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** A photo takes tens of milliseconds to some hundreds: in a second there is a place again, most likely. */
const retryAfterS = 1;

/**
 * @param places how many are let in
 * @param what they are, and the setting that says how many
 */
export function createGate(places: number, what: { readonly name: string; readonly setting: string }): Gate {
  let taken = 0;
  const takeTurn = createTurns();

  return {
    enter() {
      if (taken >= places) {
        throw new HttpProblem('overloaded', `${places} ${what.name} are open, and no more are taken`, {
          remedy: `Try again in ${retryAfterS} s; ${what.setting} is the number.`,
          headers: { 'retry-after': String(retryAfterS) },
        });
      }
      taken += 1;
      let left = false;
      return () => {
        if (!left) taken -= 1;
        left = true;
      };
    },
    inTurn(work, signal) {
      return takeTurn(() => {
        signal.throwIfAborted();
        return work();
      });
    },
  };
}
