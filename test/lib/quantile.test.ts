import { describe, expect, it } from 'vitest';
import { median, quantile } from '../../src/lib/quantile.ts';

describe('quantile', () => {
  it.each([
    [[5], 0.5, 5],
    [[1, 2], 0.5, 1],
    [[1, 2, 3], 0.5, 2],
    [[1, 2, 3, 4], 0.99, 4],
    [[1, 2, 3, 4], 0, 1],
  ])('of %j at %d is %d', (sorted, share, expected) => {
    expect(quantile(sorted, share)).toBe(expected);
  });
});

describe('median', () => {
  it('is the middle value in whatever order they come, the lower one of two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 8, 1, 3])).toBe(3);
  });
});
