import type { Clock } from '../lib/clock.ts';

/** Requests to the database have time limits of their own, and the pauses between them are 15 s at the most, ms. */
const stuckAfterMs = 120_000;

/** Whether what the bridge has taken gets on: a database that is away or refuses is no standstill, silence is. */
export interface BridgeProgress {
  /** A line came. */
  added(): void;
  /** A request to the database ended, however it did. */
  moved(): void;
  /** Rejects when lines have waited for long and no request has ended. */
  check(): Promise<void>;
}

export function createBridgeProgress(
  clock: Pick<Clock, 'monotonic'>,
  openLines: () => number,
): BridgeProgress {
  let movedAt = clock.monotonic();
  return {
    added() {
      if (openLines() === 0) movedAt = clock.monotonic();
    },
    moved() {
      movedAt = clock.monotonic();
    },
    async check() {
      const stillMs = clock.monotonic() - movedAt;
      if (openLines() === 0 || stillMs <= stuckAfterMs) return;
      const seconds = Math.round(stillMs / 1000);
      throw new Error(
        `${openLines()} points wait, and no request to the database has ended for ${seconds} s`,
      );
    },
  };
}
