import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lib/random.ts';
import { arrivals } from '../../src/simulate/day.ts';

const from = Date.parse('2026-11-23T00:00:00Z');
const hour = 3_600_000;

describe('arrivals over a day', () => {
  const times = arrivals({ from, durationMs: 24 * hour, count: 5_000 }, seededRandom(1));
  const between = (first: number, last: number) =>
    times.filter((time) => time >= from + first * hour && time < from + last * hour).length;

  it('are as many as asked for, ascending, within the time', () => {
    expect(times).toHaveLength(5_000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(5_000);
    expect(times[0]).toBeGreaterThanOrEqual(from);
    expect(times.at(-1)).toBeLessThanOrEqual(from + 24 * hour);
  });

  it('come in the morning and hardly at night', () => {
    expect(between(7.5, 9.5)).toBeGreaterThan(10 * between(1, 3));
    expect(between(1, 3)).toBeGreaterThan(0);
  });

  it('are the same for the same seed, and others for another', () => {
    const again = (seed: number) =>
      arrivals({ from, durationMs: 24 * hour, count: 5_000 }, seededRandom(seed));
    expect(again(1)).toEqual(times);
    expect(again(2)).not.toEqual(times);
  });

  it('are no two in one millisecond, however many there are', () => {
    const crowd = arrivals({ from, durationMs: 1_000, count: 900 }, seededRandom(1));
    expect(new Set(crowd).size).toBe(900);
  });

  it('are spread evenly over a short time', () => {
    const short = arrivals({ from: from + 8 * hour, durationMs: 10_000, count: 100 }, seededRandom(1));
    const firstHalf = short.filter((time) => time < from + 8 * hour + 5_000).length;
    expect(firstHalf).toBeGreaterThan(40);
    expect(firstHalf).toBeLessThan(60);
  });
});
