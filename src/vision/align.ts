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
 * Warps a face so that its landmarks (px of the image) come to lie on the template, and writes the crop, normalised, as the planes
 * R, G, B `[3, 112, 112]` to `out` from `offset` on. What lies beyond the image is black.
 */
export function alignFace(image: Image, landmarks: Landmarks, out: Float32Array, offset = 0): void {
  const { width, height, data } = image;
  const { a, b, tx, ty } = invert(fitSimilarity(landmarks, template));
  const plane = cropSide * cropSide;
  let to = offset;
  for (let v = 0; v < cropSide; v++) {
    for (let u = 0; u < cropSide; u++, to++) {
      const x = a * u - b * v + tx;
      const y = b * u + a * v + ty;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const alpha = x - left;
      const beta = y - top;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let corner = 0; corner < 4; corner++) {
        const px = left + (corner & 1);
        const py = top + (corner >> 1);
        if (px < 0 || py < 0 || px >= width || py >= height) continue;
        const share = (corner & 1 ? alpha : 1 - alpha) * (corner >> 1 ? beta : 1 - beta);
        const at = (py * width + px) * 3;
        red += share * data[at]!;
        green += share * data[at + 1]!;
        blue += share * data[at + 2]!;
      }
      out[to] = red * pixelScale + pixelOffset;
      out[to + plane] = green * pixelScale + pixelOffset;
      out[to + 2 * plane] = blue * pixelScale + pixelOffset;
    }
  }
}
