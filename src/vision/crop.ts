import type { Image } from './image.ts';
import type { Box } from './contract.ts';
import { pixelOffset, pixelScale } from './image.ts';
import { resampleTriangle } from './resample.ts';

/** How a pack's embedder wants a face: the aligned crop that every face has for its quality, or one of its own. */
export type Cropper =
  | { readonly kind: 'aligned' }
  | {
      readonly kind: 'own';
      /** Side of the square crop, px. */
      readonly side: number;
      /** Writes the crop, normalised, as the planes R, G, B `[3, side, side]`. `box` is in px of the image. */
      readonly cut: (image: Image, box: Box, out: Float32Array) => void;
    };

/** By the name that a pack's preprocessing has in the manifest. */
const croppers: Readonly<Record<string, Cropper>> = {
  'five-point-112/1': { kind: 'aligned' },
  'box-margin-160/1': {
    kind: 'own',
    side: 160,
    cut: (image, box, out) => cutWithMargin(image, box, 160, 30, out),
  },
};

/** Throws a RangeError for a preprocessing that this program does not have. */
export function cropperOf(preprocessing: string): Cropper {
  const cropper = Object.hasOwn(croppers, preprocessing) ? croppers[preprocessing] : undefined;
  if (cropper) return cropper;
  throw new RangeError(`there is no preprocessing ${preprocessing}`);
}

/**
 * The crop of facenet-pytorch (`extract_face` in `models/utils/detect_face.py`): the box and a margin around it that has `margin` px of
 * the crop's `side`, whole pixels, cut by the photo's edge, resampled as Pillow does, and (v − 127.5) / 128.
 */
export function cutWithMargin(
  image: Image,
  [x1, y1, x2, y2]: Box,
  side: number,
  margin: number,
  out: Float32Array,
): void {
  const around = margin / (side - margin) / 2;
  const [width, height] = [x2 - x1, y2 - y1];
  const left = Math.trunc(Math.max(x1 - around * width, 0));
  const top = Math.trunc(Math.max(y1 - around * height, 0));
  const right = Math.trunc(Math.min(x2 + around * width, image.width));
  const bottom = Math.trunc(Math.min(y2 + around * height, image.height));
  const pixels = resampleTriangle(image, { left, top, right, bottom }, side);
  const plane = side * side;
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++)
      out[channel * plane + i] = pixels[3 * i + channel]! * pixelScale + pixelOffset;
  }
}
