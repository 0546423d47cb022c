import { systemClock, type Clock, type EpochMs } from '../lib/clock.ts';

/** A clock that starts at `from` and runs `speed` times as fast as the system's; with speed 1, the system's own. */
export function fleetClock(from: EpochMs, speed: number): Clock {
  if (speed === 1) return systemClock;
  const start = systemClock.monotonic();
  const elapsed = () => (systemClock.monotonic() - start) * speed;
  return { now: () => Math.round(from + elapsed()), monotonic: elapsed };
}
