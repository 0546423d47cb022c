/**
 * How long to wait before the next attempt, ms: half a second, doubled with each failure, at most 10 s, and of that a random
 * half, so that the screens of a site do not all come back at the same moment.
 *
 * @param failures in a row so far, from 1
 * @param random 0..1
 */
export function backOff(failures: number, random: number): number {
  const whole = Math.min(10_000, 500 * 2 ** (failures - 1));
  return Math.round(whole / 2 + (whole / 2) * random);
}
