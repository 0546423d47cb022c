import { type Image, pixelOffset, pixelScale } from './image.ts';
import { columnWindows, type Rectangle, type Target, windowEnd, windowStart } from './windows.ts';

/** `sampleArea` from the pixels themselves; the time is that of the rectangle's pixels, however small the target is. */
export function samplePixels(
  { width: imageWidth, data }: Image,
  { left, top, right, bottom }: Rectangle,
  { width, height, firstRow = 0, rows = height }: Target,
  out: Float32Array,
  offset: number,
): void {
  const plane = width * rows;
  const { starts, ends } = columnWindows(left, right, width);
  const rowLength = imageWidth * 3;
  const [from, until] = [left * 3, right * 3];
  // The sum over the rows of a window, of each column.
  const columns = new Int32Array(until - from);
  let to = offset;
  for (let y = firstRow; y < firstRow + rows; y++) {
    const first = top + windowStart(y, bottom - top, height);
    const last = top + windowEnd(y, bottom - top, height);
    columns.fill(0);
    for (let row = first; row < last; row++) {
      const start = row * rowLength + from;
      for (let i = 0; i < columns.length; i++) columns[i]! += data[start + i]!;
    }
    const rowScale = (3 * pixelScale) / (last - first);
    for (let x = 0; x < width; x++, to++) {
      const start = starts[x]!;
      const end = ends[x]!;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = start - from; i < end - from; i += 3) {
        red += columns[i]!;
        green += columns[i + 1]!;
        blue += columns[i + 2]!;
      }
      const scale = rowScale / (end - start);
      out[to] = red * scale + pixelOffset;
      out[to + plane] = green * scale + pixelOffset;
      out[to + 2 * plane] = blue * scale + pixelOffset;
    }
  }
}
