import { loadedLater } from '../../lib/missing-part.ts';
import type { ThumbnailOptions } from '../decode.ts';
import { createBlockMeansReader, type BlockMeans } from '../jpeg/block-means.ts';

/**
 * Creates what turns a camera's JPEG into a small grey picture, `[height, width]`, 0..255, sides not in proportion; null where that can't
 * be done. Of a baseline JPEG, as cameras make them, only the means of its blocks are read; any other is decoded, by a library that is
 * loaded with the first of them.
 */
export function createThumbnailer(
  options: ThumbnailOptions,
): (jpeg: Uint8Array) => Promise<Uint8Array | null> {
  const readMeans = createBlockMeansReader(options.maxPixels);
  const shrinker = loadedLater(async () => (await import('../decode.ts')).createShrinker(options));
  return async (jpeg) => {
    const means = await readMeans(jpeg);
    if (means !== null) return average(means, options.width, options.height);
    const shrink = await shrinker();
    return await shrink(jpeg);
  };
}

/** Means over windows of whole blocks, as levels of grey. */
function average({ columns, rows, stride, values, quantiser }: BlockMeans, width: number, height: number) {
  const picture = new Uint8ClampedArray(width * height);
  for (let y = 0; y < height; y += 1) {
    const top = Math.floor((y * rows) / height);
    const bottom = Math.ceil(((y + 1) * rows) / height);
    for (let x = 0; x < width; x += 1) {
      const left = Math.floor((x * columns) / width);
      const right = Math.ceil(((x + 1) * columns) / width);
      let sum = 0;
      for (let row = top; row < bottom; row += 1) {
        for (let i = row * stride + left; i < row * stride + right; i += 1) sum += values[i]!;
      }
      picture[y * width + x] = 128 + (sum * quantiser) / (8 * (bottom - top) * (right - left));
    }
  }
  return new Uint8Array(picture.buffer);
}
