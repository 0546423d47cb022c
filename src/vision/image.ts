/** An upright photo as pixels. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** 8-bit sRGB, rows from the top, interleaved: `[height, width, 3]`. */
  readonly data: Uint8Array;
}

/** Every network of the pack takes pixels as (v − 127.5) / 128, which maps 0..255 to −0.996..0.996. */
export const pixelScale = 1 / 128;
export const pixelOffset = -127.5 / 128;
