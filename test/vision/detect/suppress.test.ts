import { expect, test } from 'vitest';
import { createBoxes, type Boxes } from '../../../src/vision/detect/boxes.ts';
import { suppress } from '../../../src/vision/detect/suppress.ts';

/** Rows of x1, y1, x2, y2 and score. */
function boxes(rows: readonly (readonly [number, number, number, number, number])[]): Boxes {
  const columns = createBoxes(rows.length);
  rows.forEach(([x1, y1, x2, y2, score], i) => {
    columns.x1[i] = x1;
    columns.y1[i] = y1;
    columns.x2[i] = x2;
    columns.y2[i] = y2;
    columns.score[i] = score;
  });
  return columns;
}

test('keeps the best of boxes that overlap, the best first', () => {
  const list = boxes([
    [0, 0, 10, 10, 0.8],
    [1, 1, 11, 11, 0.9],
    [100, 0, 110, 10, 0.95],
  ]);
  expect(suppress(list, 0.5, 'union')).toEqual([2, 1]);
});

test('measures the overlap against the union, or against the smaller box', () => {
  const inside = boxes([
    [0, 0, 40, 40, 0.9],
    [10, 10, 30, 30, 0.8],
  ]);
  expect(suppress(inside, 0.7, 'union')).toEqual([0, 1]);
  expect(suppress(inside, 0.7, 'smaller')).toEqual([0]);
});

test('boxes that overlap by just the threshold are kept', () => {
  const half = boxes([
    [0, 0, 10, 10, 0.9],
    [0, 0, 10, 5, 0.8],
  ]);
  expect(suppress(half, 0.5, 'union')).toEqual([0, 1]);
  expect(suppress(half, 0.49, 'union')).toEqual([0]);
});

test('of equal scores the union prefers the earlier, the smaller box the later', () => {
  const equal = boxes([
    [0, 0, 10, 10, 0.9],
    [1, 1, 11, 11, 0.9],
  ]);
  expect(suppress(equal, 0.5, 'union')).toEqual([0]);
  expect(suppress(equal, 0.5, 'smaller')).toEqual([1]);
});

test('nothing of nothing', () => {
  expect(suppress(createBoxes(0), 0.5, 'union')).toEqual([]);
});
