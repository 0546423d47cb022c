import { isoTime, type EpochMs } from '../lib/clock.ts';
import type { NumberedEvent } from './contract.ts';
import type { ClockTrust } from './clock-watch.ts';

/** What is known once the clock is set. */
export interface ClockSet {
  readonly trust: ClockTrust;
  /** When the machine was started, by the clock that is right. */
  readonly startedAt: EpochMs;
  /** Names the outbox of this start of the machine: of another one, nobody knows how long the machine was off. */
  readonly stream: string;
}

/**
 * An event that was made before the clock was set, with the times that the clock would have shown: it says how long the machine had
 * been running, and that was measured by a clock that nobody sets. Null where there is nothing to correct. Pure.
 */
export function correctedEvent(
  event: NumberedEvent,
  { trust, startedAt, stream }: ClockSet,
): NumberedEvent | null {
  const { uptime_ms: uptimeMs, visit } = event;
  if (event.clock !== 'unsynced' || uptimeMs === undefined || event.stream !== stream) return null;
  const behindMs = Math.round(startedAt + uptimeMs - Date.parse(event.decided_at));
  const moved = (time: string) => isoTime(Date.parse(time) + behindMs);
  return {
    ...event,
    captured_at: moved(event.captured_at),
    decided_at: moved(event.decided_at),
    clock: trust,
    clock_corrected_ms: behindMs,
    ...(visit && { visit: { ...visit, first_at: moved(visit.first_at) } }),
  };
}
