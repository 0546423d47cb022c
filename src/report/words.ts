import type { EpochMs } from '../lib/clock.ts';
import type { Reason } from '../decide/contract.ts';
import type { Period } from './contract.ts';
import { wallClock } from './zone.ts';

/** A reason in the words of someone who runs a door. */
export const reasonWords: Readonly<Record<Reason, string>> = {
  no_face: 'no face',
  low_quality: 'low quality',
  unknown: 'unknown',
  ambiguous: 'ambiguous',
  spoof_suspected: 'spoof suspected',
  cooldown: 'cool-down',
  gallery_empty: 'gallery empty',
};

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Times of a period as they are written in its zone: `23 Nov 2026, 09:00`. */
export function whenOf(period: Period) {
  const wall = wallClock(period.zone);
  const date = (at: EpochMs) => `${wall(at).getUTCDate()} ${months[wall(at).getUTCMonth()]}`;
  const clock = (at: EpochMs) => wall(at).toISOString().slice(11, 16);
  return {
    wall,
    moment: (at: EpochMs) => `${date(at)} ${wall(at).getUTCFullYear()}, ${clock(at)}`,
    /** As short as it is clear beside others of the same table, whose rows stand for `minutes` each. */
    short: (at: EpochMs, minutes: number) => (minutes >= 1440 ? date(at) : `${date(at)}, ${clock(at)}`),
  };
}

/** `15 minutes`, `hour`, `6 hours`, `day`, `week`. */
export function lengthOf(minutes: number): string {
  if (minutes >= 7 * 1440) return 'week';
  if (minutes >= 1440) return 'day';
  if (minutes === 60) return 'hour';
  return minutes > 60 ? `${minutes / 60} hours` : `${minutes} minutes`;
}
