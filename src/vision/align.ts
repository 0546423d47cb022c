import type { Landmarks, Point } from './contract.ts';
import { type Image, pixelOffset, pixelScale } from './image.ts';

/** Side of the aligned crop, px. */
export const cropSide = 112;

/** Where the landmarks of an upright frontal face lie in the 112×112 crop; the positions MobileFaceNet was trained with. */
const template: Landmarks = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** x' = a·x − b·y + tx, y' = b·x + a·y + ty: rotation, uniform scale and shift. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The similarity that maps `from` onto `to` with the least sum of squared distances (Umeyama 1991, without reflection; in the plane
 * it has this closed form).
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  const [fromX, fromY] = centre(from);
  const [toX, toY] = centre(to);
  let squares = 0;
  let dot = 0;
  let cross = 0;
  from.forEach(([x, y], i) => {
    const [u, v] = to[i]!;
    squares += (x - fromX) ** 2 + (y - fromY) ** 2;
    dot += (x - fromX) * (u - toX) + (y - fromY) * (v - toY);
    cross += (x - fromX) * (v - toY) - (y - fromY) * (u - toX);
  });
  const a = dot / squares;
  const b = cross / squares;
  return { a, b, tx: toX - a * fromX + b * fromY, ty: toY - b * fromX - a * fromY };
}

function centre(points: readonly Point[]): Point {
  let sumX = 0;
  let sumY = 0;
  for (const [x, y] of points) {
    sumX += x;
    sumY += y;
  }
  return [sumX / points.length, sumY / points.length];
}

function invert({ a, b, tx, ty }: Similarity): Similarity {
  const scale = a * a + b * b;
  return { a: a / scale, b: -b / scale, tx: -(a * tx + b * ty) / scale, ty: (b * tx - a * ty) / scale };
}

/**
 * Warps a face so that its landmarks (px of the photo) come to lie on the template, and writes the crop, normalised, as the planes
 * R, G, B `[3, 112, 112]` to `out` from `offset` on. What lies beyond the photo is black.
 *
 * Bilinear sampling looks at no more than four pixels of the photo. Where a pixel of the crop stands for more, which is a face larger than
 * about 170 px, the face is first reduced by a whole number, each block to its mean: otherwise the noise of the camera passes
 * into the crop in full instead of being averaged out.
 */
export function alignFace(photo: AreaTable, landmarks: Landmarks, out: Float32Array, offset = 0): void {
  const toCrop = fitSimilarity(landmarks, template);
  const { a, b, tx, ty } = invert(toCrop);
  const block = Math.max(1, Math.round(Math.hypot(a, b)));
  const patch = cutPatch(photo, invert(toCrop), block);
  const planeIn = patch.width * patch.height;
  const planeOut = cropSide * cropSide;
  let to = offset;
  for (let v = 0; v < cropSide; v++) {
    for (let u = 0; u < cropSide; u++, to++) {
      // The middle of a block's first pixel is 0.5, that of the block 0.5 · block.
      const x = (a * u - b * v + tx + 0.5 - patch.left) / block - 0.5;
      const y = (b * u + a * v + ty + 0.5 - patch.top) / block - 0.5;
    }
  }
}
