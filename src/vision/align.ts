import type { Picture } from './area.ts';
import type { Landmarks, Point } from './contract.ts';
import { pixelOffset } from './image.ts';

/** Side of the aligned crop, px. */
export const cropSide = 112;
const cropPlane = cropSide * cropSide;
/** Length of an aligned crop: `[3, 112, 112]`. */
export const cropLength = 3 * cropPlane;

/**
 * Where the landmarks of an upright frontal face lie in the 112×112 crop; the positions MobileFaceNet was
 * trained with.
 */
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
 * The similarity that maps `from` onto `to` with the least sum of squared distances (Umeyama 1991, without
 * reflection; in the plane it has this closed form).
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
 * Warps a face so that its landmarks (px of the photo) come to lie on the template, and writes the crop,
 * normalised, as the planes R, G, B `[3, 112, 112]` to `out` from `offset` on. What lies beyond the photo is
 * black.
 *
 * Bilinear sampling looks at four pixels of the photo however many a pixel of the crop stands for. A face
 * that is larger than the crop is therefore first reduced by a whole number, each block of pixels to its
 * mean: otherwise the camera's noise passes into the crop instead of being averaged out (grey-level noise of
 * 15: similarity to the clean crop 0.95 without, 0.99 with it).
 */
export function alignFace(photo: Picture, landmarks: Landmarks, out: Float32Array, offset = 0): void {
  const toPhoto = invert(fitSimilarity(landmarks, template));
  const block = Math.max(1, Math.floor(Math.hypot(toPhoto.a, toPhoto.b)));
  const patch = cutPatch(photo, toPhoto, block);
  if (patch.planes.length === 0) {
    out.fill(pixelOffset, offset, offset + cropLength);
    return;
  }
  const { a, b } = toPhoto;
  const tx = toPhoto.tx - patch.left;
  const ty = toPhoto.ty - patch.top;
  const { width, height, planes } = patch;
  const plane = width * height;
  const [lastColumn, lastRow] = [width - 1, height - 1];
  let to = offset;
  for (let v = 0; v < cropSide; v++) {
    for (let u = 0; u < cropSide; u++, to++) {
      // From middle to middle: the middle of a block is half a block, that of a pixel half a pixel from its
      // start.
      const x = (a * u - b * v + tx + 0.5) / block - 0.5;
      const y = (b * u + a * v + ty + 0.5) / block - 0.5;
      const left = Math.floor(x);
      const top = Math.floor(y);
      if (left < 0 || left >= lastColumn || top < 0 || top >= lastRow) {
        writeAtEdge(patch, x, y, out, to);
        continue;
      }
      const right = x - left;
      const bottom = y - top;
      const shareA = (1 - right) * (1 - bottom);
      const shareB = right * (1 - bottom);
      const shareC = (1 - right) * bottom;
      const shareD = right * bottom;
      let at = top * width + left;
      for (let i = to; i < to + 3 * cropPlane; i += cropPlane, at += plane) {
        out[i] =
          shareA * planes[at]! +
          shareB * planes[at + 1]! +
          shareC * planes[at + width]! +
          shareD * planes[at + width + 1]!;
      }
    }
  }
}

/**
 * A part of the photo as normalised planes R, G, B `[3, height, width]`, each value the mean of a block of
 * pixels.
 */
interface Patch {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly planes: Float32Array;
}

/** The part of the photo that the crop shows; at the photo's right and lower edge up to one block less. */
function cutPatch(photo: Picture, { a, b, tx, ty }: Similarity, block: number): Patch {
  const far = cropSide - 1;
  const columns = [0, a * far, -b * far, (a - b) * far];
  const rows = [0, b * far, a * far, (a + b) * far];
  const within = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  const left = within(Math.floor(tx + Math.min(...columns)) - block, photo.width);
  const top = within(Math.floor(ty + Math.min(...rows)) - block, photo.height);
  const right = within(Math.ceil(tx + Math.max(...columns)) + 2 * block, photo.width);
  const bottom = within(Math.ceil(ty + Math.max(...rows)) + 2 * block, photo.height);
  const width = Math.floor((right - left) / block);
  const height = Math.floor((bottom - top) / block);
  const planes = photo.room(3 * width * height);
  const whole = { left, top, right: left + width * block, bottom: top + height * block };
  photo.sample(whole, { width, height });
  return { left, top, width, height, planes };
}

/** Writes the three values at x, y of the patch, of which some neighbours may be beyond it: they count as black. */
function writeAtEdge(
  { width, height, planes }: Patch,
  x: number,
  y: number,
  out: Float32Array,
  to: number,
): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const leftIn = left >= 0 && left < width;
  const rightIn = left >= -1 && left < width - 1;
  const topIn = top >= 0 && top < height;
  const bottomIn = top >= -1 && top < height - 1;
  const right = x - left;
  const bottom = y - top;
  const shareA = leftIn && topIn ? (1 - right) * (1 - bottom) : 0;
  const shareB = rightIn && topIn ? right * (1 - bottom) : 0;
  const shareC = leftIn && bottomIn ? (1 - right) * bottom : 0;
  const shareD = rightIn && bottomIn ? right * bottom : 0;
  const black = (1 - shareA - shareB - shareC - shareD) * pixelOffset;
  const at = top * width + left;
  const a = shareA > 0 ? at : 0;
  const b = shareB > 0 ? at + 1 : 0;
  const c = shareC > 0 ? at + width : 0;
  const d = shareD > 0 ? at + width + 1 : 0;
  const planeIn = width * height;
  for (let plane = 0; plane < 3; plane++) {
    const from = plane * planeIn;
    const value =
      shareA * planes[from + a]! +
      shareB * planes[from + b]! +
      shareC * planes[from + c]! +
      shareD * planes[from + d]!;
    out[to + plane * cropPlane] = value + black;
  }
}
