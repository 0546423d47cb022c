import { expect, test } from 'vitest';
import { toUnitLength } from '../../src/vision/embedding.ts';

test('keeps the direction and makes the length 1', () => {
  const vector = Float32Array.of(3, 0, -4);
  const unit = toUnitLength(vector);
  expect([...unit]).toEqual([3 / 5, 0, -4 / 5].map(Math.fround));
  expect([...vector]).toEqual([3, 0, -4]);
});

test.each([
  ['zero', [0, 0]],
  ['not a number', [1, Number.NaN]],
  ['infinite', [1, Infinity]],
])('a vector without a direction is refused: %s', (_, values) => {
  expect(() => toUnitLength(Float32Array.from(values))).toThrow(RangeError);
});
