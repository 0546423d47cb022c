import { createWasmMemory, createWasmModule, growWasmMemory, type WasmMemory } from '../lib/wasm.ts';
import { areaBytes } from './area-bytes.ts';
import type { Image } from './image.ts';
import type { Rectangle, Target } from './rectangle.ts';

/** A photo that parts are resampled of. It is valid until the next one is made. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Room for so many float32 that `sample` writes to; valid until it is asked for again. */
  room(length: number): Float32Array;
  /**
   * Resamples a rectangle to the target's size and writes the wanted rows, normalised, as the planes R, G, B `[3, rows, width]` to the
   * room from `offset` on.
   *
   * Each value is the mean over a window of whole pixels, from floor(i·n/m) to ceil((i+1)·n/m), as PyTorch's
   * `interpolate(mode='area')` (adaptive average pooling) takes it; the networks were published with this
   * resampling.
   */
  sample(rectangle: Rectangle, target: Target, offset?: number): void;
  /** Takes rows of the image, which were not there when the picture was made. */
  take(rows: Rows): void;
}

/** The function of wasm/area.wat, which says what it does. Pointers are byte offsets in the memory. */
interface Kernel {
  sample(
    from: number,
    rowBytes: number,
    columns: number,
    lines: number,
    width: number,
    height: number,
    firstRow: number,
    rows: number,
    windows: number,
    sums: number,
    out: number,
  ): void;
}

const instantiate = createWasmModule(areaBytes, 'vision');

/** Columns of the widest photo. */
const mostColumns = 65_536;
/** Vectors are read and written beyond the last value, bytes. */
const spareBytes = 64;
/** In the memory: windows and sums, the pixels, and the room behind them. What is not touched of it takes no memory of the machine. */
const windowsAt = 0;
const sumsAt = windowsAt + mostColumns * 8;
const pixelsAt = sumsAt + mostColumns * 12 + spareBytes;
/** Memory up to this size (a photo of 1280×1280 takes 5 MB) is kept for the next photo; more is left to the collector. */
const keptBytes = 16 * 2 ** 20;

/** Rows of an image, from `top` to before `bottom`. */
export interface Rows {
  readonly top: number;
  readonly bottom: number;
}

/** Returns a function that makes a picture of an image, or of some rows of it, in memory that is used again. */
export function createPictures(): (image: Image, first?: Rows) => Picture {
  let memory: WasmMemory | null = null;
  let kernel: Kernel | undefined;

  return ({ width, height, data }, first = { top: 0, bottom: height }) => {
    const roomAt = pixelsAt + Math.ceil((data.length + spareBytes) / 16) * 16;
    if (memory === null || kernel === undefined || memory.buffer.byteLength > keptBytes) {
      memory = createWasmMemory(roomAt);
      if (memory === null) throw new RangeError(`there is no memory for ${width}×${height} pixels`);
      kernel = instantiate(memory) as Kernel;
    }
    const [work, run] = [memory, kernel];
    growWasmMemory(work, roomAt);
    const rowBytes = width * 3;
    const take = ({ top, bottom }: Rows) =>
      new Uint8Array(work.buffer, pixelsAt).set(
        data.subarray(top * rowBytes, bottom * rowBytes),
        top * rowBytes,
      );
    take(first);

    return {
      take,
      width,
      height,
      room(length) {
        growWasmMemory(work, roomAt + length * 4);
        return new Float32Array(work.buffer, roomAt, length);
      },
      sample({ left, top, right, bottom }, target, offset = 0) {
        const { width: columns, height: lines, firstRow = 0, rows = lines } = target;
        if (columns * rows === 0) return;
        const from = pixelsAt + (top * width + left) * 3;
        const out = roomAt + offset * 4;
        const [across, down] = [right - left, bottom - top];
        run.sample(from, rowBytes, across, down, columns, lines, firstRow, rows, windowsAt, sumsAt, out);
      },
    };
  };
}
