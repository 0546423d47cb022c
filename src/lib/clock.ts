/** Milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives them. */
export type EpochMs = number;

/** Time as it is passed to whatever needs it, so that a test can hold it in its hand. */
export interface Clock {
  /** Wall clock. It may jump when the machine's clock is set. */
  now(): EpochMs;
  /** Milliseconds from an arbitrary start; never goes back. For measuring durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** No clock that is right shows an earlier time than that of this program: 2026-01-01. */
export const earliestPlausible: EpochMs = Date.UTC(2026, 0, 1);

/** ISO 8601 in UTC with milliseconds, the form of every time on a topic. */
export function isoTime(time: EpochMs): string {
  return new Date(time).toISOString();
}
