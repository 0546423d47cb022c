import { expect, it } from 'vitest';
import { rangesOf } from '../../src/lib/ranges.ts';

it('numbers are the fewest ranges', () => {
  expect(rangesOf([5, 1, 2, 3, 3, 9, 8])).toEqual([
    [1, 3],
    [5, 5],
    [8, 9],
  ]);
  expect(rangesOf([])).toEqual([]);
});
