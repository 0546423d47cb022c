import { createWasmMemory, type WasmMemory } from '../../lib/wasm.ts';

/**
 * Rows of float32 in memory that the kernel reads, with room behind them for what the search makes of them: one copy of the templates
 * serves the table and the search.
 */
export interface ScanMemory {
  readonly memory: WasmMemory;
  readonly layout: Layout;
}

/** Byte offsets. */
export interface Layout {
  /** float32 `[rows, dimension]` */
  readonly rows: number;
  /** int16 `[rows / 4, dimension / 16, 4, 8]`, rows rounded up: of four rows 16 numbers each as pairs of codes (search.wat), then the next 16. */
  readonly codes: number;
  /** float32 `[rows]`, rounded up to four: the grid of each row's codes. */
  readonly scales: number;
  /** float32 `[rows]`, rounded up to four: the length of what the codes lose of each row. */
  readonly losts: number;
  /** float32 or int16 `[dimension]` */
  readonly probe: number;
  /** Pairs of (row, estimate), for the rows of one block. */
  readonly out: number;
  readonly end: number;
}

/** Rows whose codes lie together. */
const rowsTogether = 4;

/** Rows that are scanned at a time for several probes, a multiple of four: some hundred kB, which stay in a core's cache for the next probe. */
export const sharedBlockRows = 1024;
/**
 * For one probe: after some MB what the thread had in its core's caches is gone, so that each block costs some microseconds more than its scan.
 * No block is larger than that of codes.
 */
export const blockRows = { float32: 4_096, int8: 16_384 };

/** A smaller gallery is compared row by row: that takes less than a millisecond. */
const scannedFrom = 1_000;

/** The kernel takes up to 32 numbers at a time; a probe of more numbers has a coarser grid, so that sums of products fit 32 bits (bounds.ts). */
const dimensionStep = 32;
const mostDimension = 2_048;

/**
 * Memory for so many templates of so many numbers; null where they are few, or of a form that the kernel doesn't take (then they are
 * compared row by row).
 */
export function scanMemoryFor(rows: number, dimension: number): ScanMemory | null {
  if (rows < scannedFrom || dimension === 0 || dimension % dimensionStep !== 0 || dimension > mostDimension)
    return null;
  const layout = layoutOf(rows, dimension);
  const memory = createWasmMemory(layout.end);
  return memory === null ? null : { memory, layout };
}

function layoutOf(rows: number, dimension: number): Layout {
  const codes = rows * dimension * Float32Array.BYTES_PER_ELEMENT;
  const roundedUp = Math.ceil(rows / rowsTogether) * rowsTogether;
  const scales = codes + roundedUp * dimension;
  const losts = scales + roundedUp * Float32Array.BYTES_PER_ELEMENT;
  const probe = losts + roundedUp * Float32Array.BYTES_PER_ELEMENT;
  const out = probe + dimension * Float32Array.BYTES_PER_ELEMENT;
  return { rows: 0, codes, scales, losts, probe, out, end: out + 8 * blockRows.int8 };
}
