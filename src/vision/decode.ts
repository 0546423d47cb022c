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
  /** Cores that decoding one photo may use. */
  readonly threads: number;
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

/** Turns the bytes of a photo file into pixels. Never rejects for what is in the bytes. */
export type Decode = (bytes: Uint8Array) => Promise<DecodeResult>;

/** libvips' readers of the formats that a camera or a person may hand in. */
const readers = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((name) => `VipsForeignLoad${name}`);

/**
 * Creates the decoder of JPEG, PNG, WebP, AVIF, GIF and TIFF. It gives upright 8-bit sRGB: EXIF orientation
 * applied, embedded colour profiles and CMYK, grey and 16-bit samples converted, transparency laid on white,
 * of an animation the first frame. A file that is cut short or damaged is refused rather than guessed at.
 *
 * sharp's settings hold for the whole process. All other readers of libvips are closed, as photos are hostile
 * input: an SVG drawing of a kilobyte can keep a core busy for minutes, in code that heeds no time limit.
 */
export function createDecoder({ maxSidePx, maxPixels, timeoutMs, threads }: DecodeOptions): Decode {
  limitReaders();

  return async (bytes) => {
    // Each time, since another decoder of the process may have set it.
    sharp.concurrency(threads);
    let metadata: Metadata;
    try {
      metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
    } catch (error) {
      return refuse('not_an_image', `not a readable image: ${firstLine(error)}`);
    }
    const { width, height } = metadata.autoOrient;
    const limit = Math.floor(metadata.format === 'heif' ? maxPixels * avifShare : maxPixels);
    if (width * height > limit || Math.max(width, height) > longestSidePx) {
      return refuse(
        'too_many_pixels',
        `the photo has ${width}×${height} pixels, more than the limit of ${limit} in all or ${longestSidePx} on a side`,
      );
    }
    if (metadata.format === 'jpeg' && scansOf(bytes) > mostScans) {
      return refuse('not_an_image', `the JPEG has more than ${mostScans} scans, which no camera writes`);
    }

    // 'error' refuses what is cut short, and lets pass the stray bytes between segments that some cameras
    // write ('warning' would not).
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
      if (info.channels !== 3) throw new Error(`it has ${info.channels} channels instead of 3`);
      const image = { width: info.width, height: info.height, data };
      return { ok: true, photo: { width, height, image } };
    } catch (error) {
      const reason = firstLine(error);
      if (reason.startsWith('timeout:')) return refuse('timeout', `decoding took more than ${timeoutMs} ms`);
      return refuse('not_an_image', `the image is damaged or cut short: ${reason}`);
    }
  };
}

/** Pixels, RGB, as a PNG. */
export async function encodePng(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
): Promise<Uint8Array> {
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** sharp's settings hold for the whole process. */
function limitReaders(): void {
  sharp.cache(false);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: readers });
}

/** A frame takes some milliseconds, s. */
const thumbnailTimeoutS = 2;

export interface ThumbnailOptions {
  readonly width: number;
  readonly height: number;
  readonly maxPixels: number;
}

/**
 * Creates what decodes a JPEG to a small grey picture, `[height, width]`, 0..255, sides not in proportion; null where that can't
 * be done. The decoder makes it small while it decodes, which takes a fraction of the time; libvips' own threads do the work.
 */
export function createShrinker({ width, height, maxPixels }: ThumbnailOptions) {
  limitReaders();
  return async (jpeg: Uint8Array): Promise<Uint8Array | null> => {
    if (scansOf(jpeg) > mostScans) return null;
    try {
      const { data, info } = await sharp(jpeg, { failOn: 'error', limitInputPixels: maxPixels })
        .timeout({ seconds: thumbnailTimeoutS })
        .resize(width, height, { fit: 'fill' })
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      return greyOf(data, info.channels);
    } catch {
      return null;
    }
  };
}

/** The levels of green, most of what is seen as brightness: sharp's own grey costs a fifth more for a picture this small. */
function greyOf(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels < 3) return pixels;
  return Uint8Array.from({ length: pixels.length / channels }, (_, i) => pixels[i * channels + 1]!);
}

/** Longest side, px: the most that a JPEG can have. One line of many more takes as much memory as a whole photo. */
const longestSidePx = 65_535;
/** The share of the pixel limit that AVIF may have: it takes about 25 bytes a pixel and the other formats at most 8. */
const avifShare = 1 / 3;
/** A camera's progressive JPEG has about ten. The decoder goes over the whole photo for each and heeds no time limit in it. */
const mostScans = 100;

const startOfScan = Buffer.from([0xff, 0xda]);

/** In a JPEG's data 0xff is followed by 0, so that only markers are counted, and what looks like one in its metadata. */
function scansOf(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let scans = 0;
  for (let at = view.indexOf(startOfScan); at !== -1; at = view.indexOf(startOfScan, at + 2)) scans += 1;
  return scans;
}

/** A picture as a JPEG of the quality that cameras write. */
export async function encodeJpeg({ width, height, data }: Image): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 88 })
    .toBuffer();
}

function refuse(failure: VisionFailure, message: string): DecodeResult {
  return { ok: false, failure, message };
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0] ?? '';
}
