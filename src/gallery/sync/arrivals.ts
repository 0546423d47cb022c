import type { Incoming } from '../../broker/contract.ts';
import type { Clock } from '../../lib/clock.ts';

/** Templates come in bursts: the set is looked at when none has come for so long, ms. */
const burstMs = 100;
/** What is kept of the messages until the models are loaded, bytes; where more come, the set is asked for anew. */
const mostEarly = 16 * 2 ** 20;

/** The templates as they come from the broker, and when. */
export interface Arrivals {
  take(message: Incoming): void;
  /** Hands on what has come so far, and from now on each as it comes. */
  start(sink: (message: Incoming) => void): void;
  /** Counts as an arrival: something was asked for, and is on its way. */
  expect(): void;
  /** Since the latest arrival, ms. */
  quietForMs(): number;
  close(): void;
}

/** @param onBurst called when a burst has ended */
export function createArrivals(clock: Clock, onBurst: () => void): Arrivals {
  /** A broker that kept the session sends what was missed at once. */
  const early: Incoming[] = [];
  let earlyBytes = 0;
  let sink: ((message: Incoming) => void) | null = null;
  let latest = Number.NEGATIVE_INFINITY;
  let soon: NodeJS.Timeout | undefined;
  let closed = false;

  function expect(): void {
    latest = clock.monotonic();
  }

  function quietForMs(): number {
    return clock.monotonic() - latest;
  }

  function hand(message: Incoming): void {
    sink?.(message);
    if (soon === undefined) soon = setTimeout(whenQuiet, burstMs);
  }

  function whenQuiet(): void {
    const left = burstMs - quietForMs();
    soon = left > 0 ? setTimeout(whenQuiet, left) : undefined;
    if (soon === undefined) onBurst();
  }

  return {
    take(message) {
      if (closed) return;
      expect();
      if (sink !== null) {
        hand(message);
        return;
      }
      earlyBytes += message.payload.length;
      if (earlyBytes <= mostEarly) early.push(message);
    },
    start(given) {
      sink = given;
      if (closed) return;
      for (const message of early.splice(0)) {
        expect();
        hand(message);
      }
    },
    expect,
    quietForMs,
    close() {
      closed = true;
      clearTimeout(soon);
    },
  };
}
