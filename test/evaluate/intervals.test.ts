import { expect, test } from 'vitest';
import { mcnemar, percentileInterval, shareInterval } from '../../src/evaluate/intervals.ts';

test.each([
  // Newcombe, Statistics in Medicine 17 (1998), table I: Wilson's score without continuity correction.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('the interval of %i in %i', (count, total, lower, upper) => {
  const [a, b] = shareInterval(count, total);
  expect(a).toBeCloseTo(lower, 3);
  expect(b).toBeCloseTo(upper, 3);
});

test("McNemar's exact test of hand-computed cases", () => {
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(5, 5)).toBe(1);
  expect(mcnemar(5, 0)).toBeCloseTo(2 / 2 ** 5, 12);
  expect(mcnemar(1, 9)).toBeCloseTo((2 * (1 + 10)) / 2 ** 10, 12);
  expect(mcnemar(9, 1)).toBe(mcnemar(1, 9));
});

test('the middle 95 % of drawn values', () => {
  const values = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1000);
  expect(percentileInterval(values)).toEqual([25, 975]);
  expect(percentileInterval([])).toBeNull();
});
