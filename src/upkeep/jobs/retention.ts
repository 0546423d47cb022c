import type { EpochMs } from '../../lib/clock.ts';
import { placesOf, prune, type Place, type PlaceName } from '../places.ts';
import type { Config } from '../../config/schema.ts';
import type { CheckinEvent } from '../../telemetry/payloads.ts';

export interface RetentionOptions {
  readonly config: Config;
  readonly now: () => EpochMs;
  readonly clockTrust: () => CheckinEvent['clock'];
  /** Forgets captures decided before a time, and the oldest beyond a number. Resolves with how many. */
  readonly forget: (before: EpochMs, most: number) => Promise<number>;
}

const dayMs = 86_400_000;

/** Deletes what is older than its days, and the oldest of what takes more room than it may. */
export async function retain(options: RetentionOptions): Promise<string> {
  const { config, now } = options;
  const limits = config.upkeep.retention;
  // By a clock that has not been set, everything may look old.
  const trusted = options.clockTrust() !== 'unsynced';
  const before = (days: number) => (trusted ? now() - days * dayMs : 0);
  const rules: Record<PlaceName, { days: number; mb: number }> = {
    done: { days: limits.done_days, mb: limits.done_mb },
    failed: { days: limits.failed_days, mb: limits.failed_mb },
    dead_letters: { days: limits.dead_letter_days, mb: config.bridge.dead_letters.max_mb },
    set_aside: { days: limits.set_aside_days, mb: limits.set_aside_mb },
  };
  const words: string[] = [];
  for (const [name, place] of Object.entries(placesOf(config)) as [PlaceName, Place][]) {
    const { days, mb } = rules[name];
    const { count } = await prune(place, { before: before(days), maxBytes: mb * 2 ** 20 });
    if (count > 0) words.push(`${count} ${place.what} deleted`);
  }
  const forgotten = await options.forget(before(limits.memory_days), limits.memory_captures);
  if (forgotten > 0) words.push(`${forgotten} old decisions forgotten`);
  if (!trusted) words.push('nothing was judged by its age, since the clock is not synchronised');
  return words.length === 0 ? 'nothing was old enough to go' : words.join(', ');
}
