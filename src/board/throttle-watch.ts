import type { Clock } from '../lib/clock.ts';
import type { Throttling } from './contract.ts';

/** Looks every now and then whether the board has made itself slower. */
export interface ThrottleWatch {
  start(): void;
  /** Whether it should be given less to do. */
  readonly isSlow: () => boolean;
  close(): void;
}

export interface ThrottleWatchOptions {
  readonly read: () => Promise<Throttling>;
  /** Between two looks, ms. */
  readonly everyMs?: number;
  /**
   * After so long without throttling it is over, ms. A board that is given less to do cools down within a moment, and would be hot again
   * as soon as it works as before.
   */
  readonly calmMs?: number;
  readonly clock: Clock;
  /** Why the board is slow now; null: it is over. */
  readonly onChange: (cause: 'heat' | 'power' | null) => void;
}

export function createThrottleWatch(options: ThrottleWatchOptions): ThrottleWatch {
  const { read, everyMs = 10_000, calmMs = 120_000, clock, onChange } = options;
  let cause: 'heat' | 'power' | null = null;
  let slowAt = -Infinity;
  let looking = false;
  let timer: NodeJS.Timeout | undefined;

  return {
    start() {
      timer ??= setInterval(() => void look(), everyMs);
      void look();
    },
    isSlow: () => cause !== null,
    close: () => clearInterval(timer),
  };

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    const now = await read();
    looking = false;
    if (now === 'heat' || now === 'power') {
      slowAt = clock.monotonic();
      change(now);
    } else if (clock.monotonic() - slowAt >= calmMs) change(null);
  }

  function change(to: typeof cause): void {
    if (to === cause) return;
    cause = to;
    onChange(to);
  }
}
