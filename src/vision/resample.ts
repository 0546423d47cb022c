import type { Rectangle } from './rectangle.ts';
import type { Image } from './image.ts';

/** For each pixel of a line of the result: the first pixel that counts, and the weights from there on. */
interface Window {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * A part of an image as a square of `side` pixels, `[side, side, 3]` of 0..255, as Pillow's BILINEAR resizes: a triangle as wide as
 * the step between two pixels of the result, so that what is made smaller is averaged; rows first, rounded, then columns.
 */
export function resampleTriangle(image: Image, part: Rectangle, side: number): Uint8Array {
  const rows = Math.max(1, part.bottom - part.top);
  const across = windows(Math.max(1, part.right - part.left), side, triangle);
  const down = windows(rows, side, triangle);
  return resample(image, part, side, across, down);
}

/**
 * The same as OpenCV's INTER_LINEAR resizes: between the two nearest pixels, however much smaller it gets.
 */
export function resampleNearestTwo(image: Image, part: Rectangle, side: number): Uint8Array {
  const between = (size: number) => windows(size, side, nearestTwo);
  return resample(image, part, side, between(part.right - part.left), between(part.bottom - part.top));
}

function resample(
  { width, height, data }: Image,
  { left, top, bottom }: Rectangle,
  side: number,
  across: readonly Window[],
  down: readonly Window[],
): Uint8Array {
  const rows = Math.max(1, bottom - top);
  const narrow = new Uint8ClampedArray(rows * side * 3);
  for (let y = 0; y < rows; y++) {
    const line = Math.min(top + y, height - 1) * width;
    for (let x = 0; x < side; x++) {
      const { first, weights } = across[x]!;
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++)
          sum += weights[i]! * data[(line + Math.min(left + first + i, width - 1)) * 3 + channel]!;
        narrow[(y * side + x) * 3 + channel] = Math.floor(sum + 0.5);
      }
    }
  }
  const result = new Uint8ClampedArray(side * side * 3);
  for (let y = 0; y < side; y++) {
    const { first, weights } = down[y]!;
    for (let x = 0; x < side * 3; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * narrow[(first + i) * side * 3 + x]!;
      result[y * side * 3 + x] = Math.floor(sum + 0.5);
    }
  }
  return new Uint8Array(result.buffer);
}

function windows(
  from: number,
  to: number,
  windowOf: (middle: number, scale: number, from: number) => Window,
): readonly Window[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => windowOf((i + 0.5) * scale, scale, from));
}

function triangle(middle: number, scale: number, from: number): Window {
  const reach = Math.max(1, scale);
  const first = Math.max(0, Math.trunc(middle - reach + 0.5));
  const last = Math.min(from, Math.trunc(middle + reach + 0.5));
  const weights = Array.from({ length: last - first }, (_, i) =>
    Math.max(0, 1 - Math.abs(first + i - middle + 0.5) / reach),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}

function nearestTwo(middle: number, _: number, from: number): Window {
  const place = Math.min(Math.max(middle - 0.5, 0), from - 1);
  const first = Math.floor(place);
  const share = place - first;
  return { first, weights: share === 0 ? [1] : [1 - share, share] };
}
