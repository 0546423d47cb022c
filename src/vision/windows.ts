/** A rectangle of whole pixels: `left` and `top` inclusive, `right` and `bottom` exclusive. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The size that a rectangle is resampled to, and which rows of it are wanted (all, unless it says otherwise).
 */
export interface Target {
  readonly width: number;
  readonly height: number;
  readonly firstRow?: number;
  readonly rows?: number;
}

/** First pixel of window `index` of `to` over `from` pixels. */
export function windowStart(index: number, from: number, to: number): number {
  return Math.floor((index * from) / to);
}

/** The pixel behind the last of window `index` of `to` over `from` pixels. */
export function windowEnd(index: number, from: number, to: number): number {
  return Math.ceil(((index + 1) * from) / to);
}

/** Starts and ends of all windows of a row, as places in rows of three values a pixel. */
export function columnWindows(left: number, right: number, width: number) {
  const starts = new Int32Array(width);
  const ends = new Int32Array(width);
  for (let x = 0; x < width; x++) {
    starts[x] = (left + windowStart(x, right - left, width)) * 3;
    ends[x] = (left + windowEnd(x, right - left, width)) * 3;
  }
  return { starts, ends };
}
