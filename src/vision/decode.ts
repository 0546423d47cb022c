import sharp, { type Metadata } from 'sharp';
import { messageOf } from '../lib/errors.ts';
import type { VisionFailure } from './contract.ts';
import type { Image } from './image.ts';

export interface DecodeOptions {
  /** The image is shrunk until its longer side is at most this, px; null: never. */
  readonly maxSidePx: number | null;
  /** Photos with more pixels are refused before any of them is decoded. */
  readonly maxPixels: number;
  /** A photo that takes longer to decode is given up, ms. */
  readonly timeoutMs: number;
}

/** An upright photo, possibly shrunk. */
export interface Photo {
  /** Size of the upright photo before any shrinking, px. */
  readonly width: number;
  readonly height: number;
  readonly image: Image;
}

export type DecodeResult =
  | { readonly ok: true; readonly photo: Photo }
  | { readonly ok: false; readonly failure: VisionFailure; readonly message: string };

// Every photo is another one, so that a cache of operations only holds memory.
sharp.cache(false);

/**
 * Decodes the bytes of a photo file (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG) into upright 8-bit sRGB: EXIF orientation applied,
 * embedded colour profiles and CMYK, grey and 16-bit samples converted, transparency laid on white, only the first frame of an animation.
 * A file that is cut short or damaged is refused rather than guessed at. Never throws for what is in the bytes.
 */
export async function decodePhoto(bytes: Uint8Array, options: DecodeOptions): Promise<DecodeResult> {
  const { maxSidePx, maxPixels, timeoutMs } = options;
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    return { ok: false, failure: 'not_an_image', message: `not a readable image: ${firstLine(error)}` };
  }
  const { width, height } = metadata.autoOrient;
  if (width * height > maxPixels) {
    const message = `the photo has ${width}×${height} pixels, more than the limit of ${maxPixels}`;
    return { ok: false, failure: 'too_many_pixels', message };
  }

  let pipeline = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true })
    .timeout({ seconds: Math.ceil(timeoutMs / 1000) })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  if (maxSidePx !== null && Math.max(width, height) > maxSidePx) {
    pipeline = pipeline.resize(maxSidePx, maxSidePx, { fit: 'inside' });
  }
  try {
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels instead of 3`);
    return { ok: true, photo: { width, height, image: { width: info.width, height: info.height, data } } };
  } catch (error) {
    return {
      ok: false,
      failure: 'not_an_image',
      message: `the image is damaged or cut short: ${firstLine(error)}`,
    };
  }
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0] ?? '';
}
