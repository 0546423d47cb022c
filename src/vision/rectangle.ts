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
