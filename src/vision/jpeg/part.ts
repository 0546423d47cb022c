import { createWasmMemory, createWasmModule, growWasmMemory, type WasmMemory } from '../../lib/wasm.ts';
import type { Picture } from '../area.ts';
import type { Box } from '../contract.ts';
import type { Image } from '../image.ts';
import type { Rectangle } from '../rectangle.ts';
import { readBaselineHeader, type BaselineJpeg, type Component } from './header.ts';
import { restartIntervals } from './intervals.ts';
import { kernelBytes } from './kernel-bytes.ts';
import { createTables, tablesBytes, type Tables } from './tables.ts';

/** A photo of which only a part has been decoded. It is valid until the next one is made. */
export interface PartOfPhoto {
  /** Of the whole photo's size; beyond the part are pixels of anything. */
  readonly image: Image;
  /** The rows that the part is in, from `top` to before `bottom`. */
  readonly top: number;
  readonly bottom: number;
  /** Whether all of a rectangle was decoded. */
  has(rectangle: Rectangle): boolean;
}

/** Something was looked for beyond the part of a photo that was decoded. */
export class BeyondPart extends Error {
  override readonly name = 'BeyondPart';
}

/** A picture of a part of a photo. Its `sample` throws BeyondPart for what was not decoded. */
export function pictureOfPart(picture: Picture, part: PartOfPhoto): Picture {
  return {
    ...picture,
    sample(rectangle, target, offset) {
      if (!part.has(rectangle)) throw new BeyondPart('it was not decoded');
      picture.sample(rectangle, target, offset);
    },
  };
}

/** The functions of wasm/jpeg.wat, which says what they do. */
interface Kernel {
  unstuff(at: number, end: number, out: number): number;
  part(units: number, wanted: number): number;
  widen(row: number, next: number, out: number, count: number, roundEven: number, roundOdd: number): void;
  colour(y: number, cb: number, cr: number, out: number, count: number): void;
}

export interface Limits {
  readonly maxPixels: number;
  /** Photos with a longer side, which are to be shrunk, are not for this; null: none are. */
  readonly maxSidePx: number | null;
}

/** From `from` to before `to`; none where they are equal. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const instantiate = createWasmModule(kernelBytes, 'vision');

/** Larger files and photos are left to libvips, so that the memory stays small. */
const maxBytes = 4 * 2 ** 20;
const mostPixels = 4e6;
/** In the memory: the state, the tables, room to work in, the quantisers, two rows of colours, the file, its data, the samples, the pixels. */
/** The state has room for the ten blocks that a unit can have. */
const tablesAt = 512;
const workAt = tablesAt + tablesBytes;
const predictorsAt = workAt + 512;
const quantisersAt = predictorsAt + 16;
const quantiserBytes = 512;
const wideAt = quantisersAt + 3 * quantiserBytes;
/** Pixels of a row at the most, and what may be read or written beyond an end. */
const maxWidth = 8_192;
const spareBytes = 4_096;
const fileAt = wideAt + 2 * (maxWidth + spareBytes);
/** Samples beside a plane's rows, for what looks beyond its edges. */
const edge = 16;
/** libjpeg does not smooth the colours of narrower photos. */
const leastWidth = 16;
/** Where the coefficients, in the order of the data, are in a block of 8 rows (ITU-T T.81, figure A.6). */
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];

/**
 * Creates what decodes the parts around some boxes (px) of a baseline JPEG of three components, as cameras make them: all of its codes are read, but
 * pixels are made of the blocks at the boxes only. They are those of libjpeg-turbo with its accurate DCT and its smooth colours (4:4:4, 4:2:2 and
 * 4:2:0), as libvips uses it. Null for any other JPEG, for one that may have to be turned or has colours of its own, and for one that is damaged: whoever asks
 * decodes it as a whole then.
 */
export function createPartDecoder({
  maxPixels,
  maxSidePx,
}: Limits): (jpeg: Uint8Array, boxes: readonly Box[]) => PartOfPhoto | null {
  let memory: WasmMemory | undefined;
  let kernel: Kernel | undefined;
  const tables = createTables(tablesAt);

  return (jpeg, boxes) => {
    const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
    const header = readBaselineHeader(file);
    if (header === null || !canDecode(header) || file.length > maxBytes) return null;
    if (header.width * header.height > Math.min(maxPixels, mostPixels)) return null;
    if (Math.max(header.width, header.height) > (maxSidePx ?? Infinity)) return null;
    const shape = shapeOf(header);
    const spans = spansOf(boxes, header, shape);
    const dataAt = fileAt + file.length + spareBytes;
    const planesAt = (dataAt + file.length + spareBytes + 15) & ~15;
    const planes = planesOf(header, shape, planesAt);
    const pixelsAt = planes.end + spareBytes;
    memory ??= createWasmMemory(fileAt) ?? undefined;
    if (memory === undefined) return null;
    kernel ??= instantiate(memory) as Kernel;
    growWasmMemory(memory, pixelsAt + header.width * header.height * 3 + spareBytes);
    if (!tables.write(header, memory.buffer)) return null;
    new Uint8Array(memory.buffer, fileAt).set(file);
    if (!readSamples({ header, tables, shape, spans, planes, file, dataAt }, kernel, memory.buffer))
      return null;
    makePixels({ header, shape, spans, planes, pixelsAt }, kernel, memory.buffer);
    const { width, height } = header;
    const data = new Uint8Array(memory.buffer, pixelsAt, width * height * 3);
    const rows = spans.wanted.flatMap(({ from, to }, row) => (from < to ? [row] : []));
    return {
      image: { width, height, data },
      top: Math.min(height, (rows[0] ?? 0) * shape.unitHeight),
      bottom: Math.min(height, ((rows.at(-1) ?? -1) + 1) * shape.unitHeight),
      has({ left, top, right, bottom }) {
        const first = Math.floor(top / shape.unitHeight);
        const last = Math.ceil(bottom / shape.unitHeight);
        return spans.wanted
          .slice(first, last)
          .every(
            ({ from, to }) =>
              from * shape.unitWidth <= left && right <= Math.min(width, to * shape.unitWidth),
          );
      },
    };
  };
}

interface Shape {
  /** Blocks of brightness in a unit (MCU). */
  readonly across: number;
  readonly down: number;
  /** Whether a sample of colour is for two pixels beside each other, and for two above each other. */
  readonly isHalfWide: boolean;
  readonly isHalfHigh: boolean;
  readonly unitWidth: number;
  readonly unitHeight: number;
  readonly columns: number;
  readonly rows: number;
}

function canDecode({ components, isPlain, width }: BaselineJpeg): boolean {
  const [y, ...colours] = components;
  const isKnown = ({ across, down }: Component) =>
    ['1×1', '2×1', '2×2'].includes(`${y!.across / across}×${y!.down / down}`);
  const [blue, red] = colours;
  return (
    isPlain &&
    blue !== undefined &&
    red !== undefined &&
    blue.across === red.across &&
    blue.down === red.down &&
    isKnown(blue) &&
    width > leastWidth &&
    width <= maxWidth
  );
}

function shapeOf({ components, width, height }: BaselineJpeg): Shape {
  const [{ across, down }, colour] = components as [Component, Component];
  const [unitWidth, unitHeight] = [8 * across, 8 * down];
  return {
    across,
    down,
    isHalfWide: across > colour.across,
    isHalfHigh: down > colour.down,
    unitWidth,
    unitHeight,
    columns: Math.ceil(width / unitWidth),
    rows: Math.ceil(height / unitHeight),
  };
}

/** Which units of each row become pixels (`wanted`), and which samples: their colours look at the units beside. */
function spansOf(boxes: readonly Box[], { width, height }: BaselineJpeg, shape: Shape) {
  const none = { from: 0, to: 0 };
  const wanted: Span[] = Array.from({ length: shape.rows }, () => none);
  const decoded: Span[] = Array.from({ length: shape.rows }, () => none);
  for (const [x1, y1, x2, y2] of boxes) {
    const [left, right] = [Math.max(0, x1), Math.min(width, x2)];
    const [top, bottom] = [Math.max(0, y1), Math.min(height, y2)];
    if (!(left < right && top < bottom)) continue;
    const columns = {
      from: Math.floor(left / shape.unitWidth),
      to: Math.ceil(right / shape.unitWidth),
    };
    const rows = {
      from: Math.floor(top / shape.unitHeight),
      to: Math.ceil(bottom / shape.unitHeight),
    };
    const more = {
      from: Math.max(0, columns.from - 1),
      to: Math.min(shape.columns, columns.to + 1),
    };
    for (let row = rows.from; row < rows.to; row += 1) wanted[row] = hullOf(wanted[row]!, columns);
    const [first, last] = [Math.max(0, rows.from - 1), Math.min(shape.rows, rows.to + 1)];
    for (let row = first; row < last; row += 1) decoded[row] = hullOf(decoded[row]!, more);
  }
  return { wanted, decoded };
}

function hullOf(a: Span, b: Span): Span {
  return a.from === a.to ? b : { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

interface Plane {
  /** Where its first sample is. */
  readonly at: number;
  readonly stride: number;
  /** Samples of a row, and rows, without what only fills the last blocks. */
  readonly width: number;
  readonly height: number;
}

function planesOf({ width, height, components }: BaselineJpeg, shape: Shape, from: number) {
  let end = from;
  const planes = components.map(({ across, down }): Plane => {
    const stride = shape.columns * across * 8 + 2 * edge;
    const at = end + edge;
    end += shape.rows * down * 8 * stride + 2 * edge;
    return {
      at,
      stride,
      width: Math.ceil((width * across) / shape.across),
      height: Math.ceil((height * down) / shape.down),
    };
  });
  return { of: planes, end };
}

interface Reading {
  readonly header: BaselineJpeg;
  readonly shape: Shape;
  readonly spans: {
    readonly wanted: readonly Span[];
    readonly decoded: readonly Span[];
  };
  readonly planes: { readonly of: readonly Plane[] };
}

interface Data {
  readonly tables: Tables;
  readonly file: Buffer;
  /** Where there is room for the data without what is stuffed into it. */
  readonly dataAt: number;
}

/** Reads all codes, and writes the samples of the units in `decoded`. False where the data is damaged. */
function readSamples(
  { header, tables, shape, spans, planes, file, dataAt }: Reading & Data,
  kernel: Kernel,
  buffer: ArrayBuffer,
): boolean {
  const state = new Uint32Array(buffer, 0, tablesAt / 4);
  const predictors = new Int32Array(buffer, predictorsAt, 3);
  header.quantisers.forEach((table, i) => {
    const at = new Int32Array(buffer, quantisersAt + i * quantiserBytes, 128);
    table.forEach((factor, k) => at.set([factor, zigzag[k]! * 4], k * 2));
  });
  const blocks = header.components.flatMap(({ across, down, dc, ac }, i) =>
    Array.from({ length: across * down }, (_, n) => ({
      i,
      across,
      down,
      dc,
      ac,
      x: n % across,
      y: Math.floor(n / across),
    })),
  );
  state[8] = blocks.length;
  state[9] = workAt;
  blocks.forEach(({ i, across, dc, ac }, n) => {
    const { stride } = planes.of[i]!;
    const own = [
      tables.at('dc', dc),
      tables.at('ac', ac),
      predictorsAt + 4 * i,
      quantisersAt + i * quantiserBytes,
    ];
    state.set([...own, 0, stride, across * 8], 16 + n * 8);
  });
  /** Where the samples of the unit go. */
  const goTo = (row: number, column: number) =>
    blocks.forEach(({ i, across, down, x, y }, n) => {
      const { at, stride } = planes.of[i]!;
      state[16 + n * 8 + 4] = at + (row * down + y) * 8 * stride + (column * across + x) * 8;
    });

  const layout = { fileAt, dataAt, kernel };
  for (const interval of restartIntervals(file, header, shape.columns * shape.rows, layout)) {
    if (interval === null) return false;
    state[0] = dataAt * 8;
    predictors.fill(0);
    for (let done = interval.from; done < interval.to;) {
      const [row, column] = [Math.floor(done / shape.columns), done % shape.columns];
      const { from, to } = spans.decoded[row]!;
      const isWanted = column >= from && column < to;
      // To the end of the row, or of those that are wanted or not.
      const stop = isWanted ? to : column < from ? from : shape.columns;
      const some = Math.min(interval.to - done, stop - column);
      if (isWanted) goTo(row, column);
      if (kernel.part(some, isWanted ? 1 : 0) === 0) return false;
      done += some;
    }
  }
  return true;
}

/** Makes RGB of the samples, where they are wanted. */
function makePixels(
  { header, shape, spans, planes, pixelsAt }: Reading & { readonly pixelsAt: number },
  kernel: Kernel,
  buffer: ArrayBuffer,
): void {
  const [y, cb, cr] = planes.of as readonly [Plane, Plane, Plane];
  const bytes = new Uint8Array(buffer);
  const { isHalfWide, isHalfHigh } = shape;
  const rowsOfUnit = shape.unitHeight / (isHalfHigh ? 2 : 1);
  if (isHalfWide) for (const plane of [cb, cr]) extend(plane, rowsOfUnit, spans.decoded, bytes);
  const wideBytes = maxWidth + spareBytes;
  for (let row = 0; row < header.height; row += 1) {
    const { from, to } = spans.wanted[Math.floor(row / shape.unitHeight)]!;
    if (from === to) continue;
    const left = from * shape.unitWidth;
    const count = (to - from) * shape.unitWidth;
    const [blue, red] = [cb, cr].map((plane, i) => {
      if (!isHalfWide) return plane.at + row * plane.stride + left;
      const out = wideAt + i * wideBytes;
      const own = isHalfHigh ? row >> 1 : row;
      // Of two rows of pixels with the same row of colours, the upper one is also near to the one above.
      const other = isHalfHigh ? within(own + (row % 2 === 0 ? -1 : 1), plane.height) : own;
      const [even, odd] = isHalfHigh ? [8, 7] : [4, 8];
      const start = plane.at + left / 2;
      kernel.widen(start + own * plane.stride, start + other * plane.stride, out, count / 2, even, odd);
      return out;
    });
    const out = pixelsAt + (row * header.width + left) * 3;
    kernel.colour(y.at + row * y.stride + left, blue!, red!, out, count);
  }
}

/** The row, or the nearest that there is. */
function within(row: number, rows: number): number {
  return Math.max(0, Math.min(rows - 1, row));
}

/** Repeats the first and the last sample of the rows beyond them. */
function extend(
  { at, stride, width, height }: Plane,
  rowsOfUnit: number,
  decoded: readonly Span[],
  bytes: Uint8Array,
): void {
  for (let row = 0; row < height; row += 1) {
    const { from, to } = decoded[Math.floor(row / rowsOfUnit)]!;
    if (from === to) continue;
    const start = at + row * stride;
    bytes[start - 1] = bytes[start]!;
    bytes[start + width] = bytes[start + width - 1]!;
  }
}
