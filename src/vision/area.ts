import { type Image, pixelOffset, pixelScale } from './image.ts';
import { samplePixels } from './pixels.ts';
import { columnWindows, type Rectangle, type Target, windowEnd, windowStart } from './windows.ts';

/**
 * Sums over the rectangle from the top left corner to each pixel (a summed-area table, Crow 1984), which make
 * the sum over any rectangle four look-ups, however large it is. The pyramid and every crop of a search are
 * taken from one table.
 */
export interface AreaTable {
  readonly width: number;
  readonly height: number;
  /** `[height + 1, width + 1, 3]`; the first row and column are 0. */
  readonly sums: Int32Array;
}

/** A photo, as it is or as a table of sums. */
export type Picture = Image | AreaTable;

/**
 * Tables up to this size (of 1280×1280 photos, 20 MB) are kept for the next photo; larger ones are left to
 * the collector.
 */
const keptLength = 1281 * 1281 * 3;

/**
 * Returns a function that makes the table of a photo in memory that is used again: a table is valid until the
 * next is made.
 *
 * Sums wrap at 32 bits. Their differences are right all the same as long as one rectangle's sum is below 2³¹,
 * that is, for rectangles of up to 8.4 million pixels; no window of a pyramid or a crop comes near.
 */
export function createAreaTables(): (image: Image) => AreaTable {
  let kept = new Int32Array(0);

  return ({ width, height, data }) => {
    const rowLength = (width + 1) * 3;
    const length = rowLength * (height + 1);
    if (length > keptLength) kept = new Int32Array(0);
    const buffer = kept.length >= length ? kept : new Int32Array(length);
    if (length <= keptLength) kept = buffer;
    const sums = buffer.subarray(0, length);

    sums.fill(0, 0, rowLength);
    let from = 0;
    for (let y = 1; y <= height; y++) {
      let to = y * rowLength;
      let above = to - rowLength;
      sums.fill(0, to, to + 3);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let x = 0; x < width; x++) {
        to += 3;
        above += 3;
        red += data[from]!;
        green += data[from + 1]!;
        blue += data[from + 2]!;
        sums[to] = (sums[above]! + red) | 0;
        sums[to + 1] = (sums[above + 1]! + green) | 0;
        sums[to + 2] = (sums[above + 2]! + blue) | 0;
        from += 3;
      }
    }
    return { width, height, sums };
  };
}

/**
 * Resamples a rectangle of the photo to the target's size and writes the wanted rows, normalised, as the
 * planes R, G, B `[3, rows, width]` to `out` from `offset` on. The pixels give the same values as their table: they are quicker for
 * a few crops, the table for many.
 *
 * Each value is the mean over a window of whole pixels, from floor(i·n/m) to ceil((i+1)·n/m), as PyTorch's
 * `interpolate(mode='area')` (adaptive average pooling) takes it; the networks were published with this
 * resampling.
 */
export function sampleArea(
  photo: Picture,
  rectangle: Rectangle,
  target: Target,
  out: Float32Array,
  offset = 0,
): void {
  if ('sums' in photo) sampleTable(photo, rectangle, target, out, offset);
  else samplePixels(photo, rectangle, target, out, offset);
}

function sampleTable(
  table: AreaTable,
  { left, top, right, bottom }: Rectangle,
  { width, height, firstRow = 0, rows = height }: Target,
  out: Float32Array,
  offset: number,
): void {
  const { sums } = table;
  const rowLength = (table.width + 1) * 3;
  const plane = width * rows;
  const { starts, ends } = columnWindows(left, right, width);
  let to = offset;
  for (let y = firstRow; y < firstRow + rows; y++) {
    const first = top + windowStart(y, bottom - top, height);
    const last = top + windowEnd(y, bottom - top, height);
    const upper = first * rowLength;
    const lower = last * rowLength;
    const rowScale = (3 * pixelScale) / (last - first);
    for (let x = 0; x < width; x++, to++) {
      const start = starts[x]!;
      const end = ends[x]!;
      const a = upper + start;
      const b = upper + end;
      const c = lower + start;
      const d = lower + end;
      const scale = rowScale / (end - start);
      out[to] = ((sums[d]! - sums[c]! - sums[b]! + sums[a]!) | 0) * scale + pixelOffset;
      out[to + plane] =
        ((sums[d + 1]! - sums[c + 1]! - sums[b + 1]! + sums[a + 1]!) | 0) * scale + pixelOffset;
      out[to + 2 * plane] =
        ((sums[d + 2]! - sums[c + 2]! - sums[b + 2]! + sums[a + 2]!) | 0) * scale + pixelOffset;
    }
  }
}
