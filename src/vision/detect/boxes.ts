import type { Box } from '../contract.ts';

/**
 * Candidate boxes in columns, px. Corners are those of facenet-pytorch's MTCNN: the networks were trained on
 * 1-based, inclusive pixel positions, which is where the ones in the arithmetic below come from.
 */
export interface Boxes {
  readonly count: number;
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly x2: Float32Array;
  readonly y2: Float32Array;
  /** Probability of a face, 0..1. */
  readonly score: Float32Array;
  /** What the network says about the corners, as shares of the box's width and height: `[count, 4]`. */
  readonly offsets: Float32Array;
}

/** Room for `count` boxes, all 0. */
export function createBoxes(count: number): Boxes {
  return {
    count,
    x1: new Float32Array(count),
    y1: new Float32Array(count),
    x2: new Float32Array(count),
    y2: new Float32Array(count),
    score: new Float32Array(count),
    offsets: new Float32Array(count * 4),
  };
}

/** The given boxes in columns, without scores. */
export function boxesOf(list: readonly Box[]): Boxes {
  const boxes = createBoxes(list.length);
  list.forEach(([x1, y1, x2, y2], i) => {
    boxes.x1[i] = x1;
    boxes.y1[i] = y1;
    boxes.x2[i] = x2;
    boxes.y2[i] = y2;
  });
  return boxes;
}

/** The boxes at the given indices, in their order. */
export function selectBoxes(boxes: Boxes, indices: ArrayLike<number>): Boxes {
  const selected = createBoxes(indices.length);
  for (let to = 0; to < indices.length; to++) copyBox(boxes, indices[to]!, selected, to);
  return selected;
}

/** The boxes of all the lists, one list after the other. */
export function joinBoxes(lists: readonly Boxes[]): Boxes {
  const joined = createBoxes(lists.reduce((sum, list) => sum + list.count, 0));
  let to = 0;
  for (const list of lists) for (let from = 0; from < list.count; from++) copyBox(list, from, joined, to++);
  return joined;
}

function copyBox(source: Boxes, from: number, target: Boxes, to: number): void {
  target.x1[to] = source.x1[from]!;
  target.y1[to] = source.y1[from]!;
  target.x2[to] = source.x2[from]!;
  target.y2[to] = source.y2[from]!;
  target.score[to] = source.score[from]!;
  for (let k = 0; k < 4; k++) target.offsets[to * 4 + k] = source.offsets[from * 4 + k]!;
}

/**
 * Moves each corner by its offset. `inclusive` is 1 where a box's side counts both of its end pixels (R-Net,
 * O-Net) and 0 where it does not (P-Net).
 */
export function moveCorners(boxes: Boxes, inclusive: 0 | 1): void {
  const { count, x1, y1, x2, y2, offsets } = boxes;
  for (let i = 0; i < count; i++) {
    const width = x2[i]! - x1[i]! + inclusive;
    const height = y2[i]! - y1[i]! + inclusive;
    x1[i]! += offsets[i * 4]! * width;
    y1[i]! += offsets[i * 4 + 1]! * height;
    x2[i]! += offsets[i * 4 + 2]! * width;
    y2[i]! += offsets[i * 4 + 3]! * height;
  }
}

/** Makes each box a square on its centre with its longer side. */
export function squareBoxes({ count, x1, y1, x2, y2 }: Boxes): void {
  for (let i = 0; i < count; i++) {
    const width = x2[i]! - x1[i]!;
    const height = y2[i]! - y1[i]!;
    const side = Math.max(width, height);
    x1[i]! += width * 0.5 - side * 0.5;
    y1[i]! += height * 0.5 - side * 0.5;
    x2[i] = x1[i]! + side;
    y2[i] = y1[i]! + side;
  }
}
