import { createWasmMemory, createWasmModule, growWasmMemory, type WasmMemory } from '../../lib/wasm.ts';
import type { Picture } from '../area.ts';
import type { Box } from '../contract.ts';
import type { Image } from '../image.ts';
import type { Rectangle } from '../rectangle.ts';
import { readBaselineHeader, type BaselineJpeg, type Component } from './header.ts';
import { restartIntervals } from './intervals.ts';
import { kernelBytes } from './kernel-bytes.ts';
import { createTables, tablesBytes, type Tables } from './tables.ts';

/** A photo of which only a part has been decoded, and that more may be decoded of. It is valid until the next one is made. */
export interface PartOfPhoto {
  /** Of the whole photo's size; beyond the part are pixels of anything. */
  readonly image: Image;
  /** Whether all of a rectangle was decoded. */
  has(rectangle: Rectangle): boolean;
  /** Decodes a rectangle too. Throws BeyondPart for one that is out of reach. */
  add(rectangle: Rectangle): void;
}

/** Something was looked for beyond what is to be decoded of a photo. */
export class BeyondPart extends Error {
  override readonly name = 'BeyondPart';
}

/** A picture of a part of a photo. Its `sample` decodes what it needs, and throws BeyondPart for what is out of reach. */
export function pictureOfPart(picture: Picture, part: PartOfPhoto): Picture {
  /** Rows that the picture has. */
  let [first, last] = [0, 0];
  return {
    ...picture,
    sample(rectangle, target, offset) {
      const { top, bottom } = rectangle;
      if (!part.has(rectangle)) {
        part.add(rectangle);
        last = first;
      }
      if (top < first || bottom > last) {
        picture.take(rectangle);
        [first, last] = [top, bottom];
      }
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
/** In the memory: the state, the tables, room to work in, the quantisers, two rows of colours, the file, its data, the records of its units, the samples, the pixels. */
/** Of the state, which has room for the ten blocks that a unit can have. */
const predictorsAt = 48;
const tablesAt = 512;
const workAt = tablesAt + tablesBytes;
const quantisersAt = workAt + 128;
const quantiserBytes = 512;
const wideAt = quantisersAt + 3 * quantiserBytes;
/** Pixels of a row at the most, and what may be read or written beyond an end. */
const maxWidth = 8_192;
const spareBytes = 4_096;
const fileAt = wideAt + 2 * (maxWidth + spareBytes);
/** What is on record of a unit: three DC coefficients before it, and where it begins, bits. */
const recordBytes = 16;
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
 * Creates what decodes parts (boxes, px) of a baseline JPEG of three components, as cameras make them: all of its codes are read, but
 * pixels are made of the blocks at the boxes only, and later of others within the `reach`. They are those of libjpeg-turbo with its accurate DCT and its smooth colours (4:4:4, 4:2:2 and
 * 4:2:0), as libvips uses it. Null for any other JPEG, for one that may have to be turned or has colours of its own, and for one that is damaged: whoever asks
 * decodes it as a whole then.
 */
export function createPartDecoder({
  maxPixels,
  maxSidePx,
}: Limits): (jpeg: Uint8Array, boxes: readonly Box[], reach?: readonly Box[]) => PartOfPhoto | null {
  let memory: WasmMemory | undefined;
  let kernel: Kernel | undefined;
  const tables = createTables(tablesAt);

  return (jpeg, boxes, reach = boxes) => {
    const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
    const header = readBaselineHeader(file);
    if (header === null || !canDecode(header) || file.length > maxBytes) return null;
    const { width, height } = header;
    if (width * height > Math.min(maxPixels, mostPixels)) return null;
    if (Math.max(width, height) > (maxSidePx ?? Infinity)) return null;
    const shape = shapeOf(header);
    const topAt = fileAt + 2 * (file.length + spareBytes);
    const recordsAt = (topAt + 15) & ~15;
    const planes = planesOf(header, shape, recordsAt + shape.columns * shape.rows * recordBytes);
    const pixelsAt = planes.end + spareBytes;
    memory ??= createWasmMemory(fileAt) ?? undefined;
    if (memory === undefined) return null;
    kernel ??= instantiate(memory) as Kernel;
    growWasmMemory(memory, pixelsAt + width * height * 3 + spareBytes);
    const { buffer } = memory;
    if (!tables.write(header, buffer)) return null;
    const bytes = new Uint8Array(buffer);
    bytes.set(file, fileAt);

    const reading = { header, shape, planes: planes.of, tables, file, topAt, recordsAt, pixelsAt };
    const samples = createSamples(reading, kernel, buffer);
    const wanted: Span[] = Array.from({ length: shape.rows }, () => none);
    const first = spansOf(boxes, header, shape);
    if (!samples.readAll(first.decoded)) return null;
    makePixels(first.wanted);

    return {
      image: { width, height, data: bytes.subarray(pixelsAt, pixelsAt + width * height * 3) },
      has,
      add({ left, top, right, bottom }) {
        const isInReach = reach.some(
          ([x1, y1, x2, y2]) =>
            left >= Math.min(Math.floor(x1), width) &&
            top >= Math.min(Math.floor(y1), height) &&
            right <= Math.max(Math.ceil(x2), 0) &&
            bottom <= Math.max(Math.ceil(y2), 0),
        );
        if (!isInReach) throw new BeyondPart('it is not to be decoded');
        const more = spansOf([[left, top, right, bottom]], header, shape);
        if (!samples.readMore(more.decoded)) throw new BeyondPart('it is damaged');
        makePixels(more.wanted);
      },
    };

    function has({ left, top, right, bottom }: Rectangle): boolean {
      const last = Math.ceil(bottom / shape.unitHeight);
      for (let row = Math.floor(top / shape.unitHeight); row < last; row += 1) {
        const { from, to } = wanted[row]!;
        if (from * shape.unitWidth > left || right > Math.min(width, to * shape.unitWidth)) return false;
      }
      return true;
    }

    /** Makes RGB of the samples that are there, where they are wanted and where that was not done. */
    function makePixels(more: readonly Span[]): void {
      for (const [row, span] of more.entries()) {
        if (span.from === span.to) continue;
        const before = wanted[row]!;
        wanted[row] = hullOf(before, span);
        for (const piece of missing(before, span)) makeRow(reading, kernel!, bytes, row, piece);
      }
    }
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

const none: Span = { from: 0, to: 0 };

/** Which units of each row become pixels (`wanted`), and which samples: their colours look at the units beside. */
function spansOf(boxes: readonly Box[], { width, height }: BaselineJpeg, shape: Shape) {
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
    const [beside, above] = [shape.isHalfWide ? 1 : 0, shape.isHalfHigh ? 1 : 0];
    const more = {
      from: Math.max(0, columns.from - beside),
      to: Math.min(shape.columns, columns.to + beside),
    };
    for (let row = rows.from; row < rows.to; row += 1) wanted[row] = hullOf(wanted[row]!, columns);
    const [first, last] = [Math.max(0, rows.from - above), Math.min(shape.rows, rows.to + above)];
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
  readonly planes: readonly Plane[];
  readonly tables: Tables;
  readonly file: Buffer;
  /** Where the data without what is stuffed into it begins, downwards; where the units are on record; where the pixels are. */
  readonly topAt: number;
  readonly recordsAt: number;
  readonly pixelsAt: number;
}

/** What of `more` is beyond `span` and makes one span with it. */
function missing(span: Span, more: Span): readonly Span[] {
  if (span.from === span.to) return [more];
  return [
    { from: Math.min(span.from, more.from), to: span.from },
    { from: span.to, to: Math.max(span.to, more.to) },
  ].filter(({ from, to }) => from < to);
}

/** Reads codes, and writes samples of units. */
function createSamples(reading: Reading, kernel: Kernel, buffer: ArrayBuffer) {
  const { header, shape, planes, tables, file, topAt, recordsAt } = reading;
  const state = new Uint32Array(buffer, 0, tablesAt / 4);
  const predictors = new Int32Array(buffer, predictorsAt, 3);
  const records = new Int32Array(buffer, recordsAt, (shape.columns * shape.rows * recordBytes) / 4);
  const restartUnits = header.restartUnits || shape.columns * shape.rows;
  const decoded: Span[] = Array.from({ length: shape.rows }, () => none);
  header.quantisers.forEach((table, i) => {
    const at = new Int32Array(buffer, quantisersAt + i * quantiserBytes, 128);
    table.forEach((factor, k) => {
      at[k * 2] = factor;
      at[k * 2 + 1] = zigzag[k]! * 2;
    });
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
    const { stride } = planes[i]!;
    const own = [
      tables.at('dc', dc),
      tables.at('ac', ac),
      predictorsAt + 4 * i,
      quantisersAt + i * quantiserBytes,
    ];
    state.set([...own, 0, stride, across * 8], 16 + n * 8);
  });

  return {
    /** Reads all codes, and writes the samples of the units in `spans`. False where the data is damaged. */
    readAll(spans: readonly Span[]): boolean {
      const layout = { fileAt, topAt, state, kernel };
      state[10] = recordsAt;
      for (const interval of restartIntervals(file, header, shape.columns * shape.rows, layout)) {
        if (interval === null) return false;
        predictors.fill(0);
        for (let done = interval.from; done < interval.to;) {
          const row = Math.floor(done / shape.columns);
          const column = done % shape.columns;
          const { from, to } = spans[row]!;
          const isWanted = column >= from && column < to;
          // To the end of the row, or of those that are wanted or not.
          const stop = isWanted ? to : column < from ? from : shape.columns;
          const some = Math.min(interval.to - done, stop - column);
          if (isWanted) goTo(row, column);
          if (kernel.part(some, isWanted ? 1 : 0) === 0) return false;
          done += some;
        }
      }
      note(spans);
      return true;
    },

    /** Reads the units in `spans` whose samples are not there yet, after all have been read. */
    readMore(spans: readonly Span[]): boolean {
      for (const [row, span] of spans.entries()) {
        if (span.from === span.to) continue;
        for (const { from, to } of missing(decoded[row]!, span)) {
          for (let column = from; column < to;) {
            const unit = row * shape.columns + column;
            const some = Math.min(to - column, restartUnits - (unit % restartUnits));
            const [y, cb, cr, position] = records.subarray(unit * 4, unit * 4 + 4);
            predictors.set([y!, cb!, cr!]);
            state[0] = position!;
            state[10] = recordsAt + unit * recordBytes;
            goTo(row, column);
            if (kernel.part(some, 1) === 0) return false;
            column += some;
          }
        }
      }
      note(spans);
      return true;
    },
  };

  /** Where the samples of the unit go. */
  function goTo(row: number, column: number): void {
    for (const [n, { i, across, down, x, y }] of blocks.entries()) {
      const { at, stride } = planes[i]!;
      state[16 + n * 8 + 4] = at + (row * down + y) * 8 * stride + (column * across + x) * 8;
    }
  }

  function note(spans: readonly Span[]): void {
    const bytes = new Uint8Array(buffer);
    for (const [row, span] of spans.entries()) {
      if (span.from === span.to) continue;
      decoded[row] = hullOf(decoded[row]!, span);
      if (shape.isHalfWide) for (const plane of planes.slice(1)) extend(plane, shape, row, bytes);
    }
  }
}

/** Makes RGB of the samples of a row of units. */
function makeRow(
  { header, shape, planes, pixelsAt }: Reading,
  kernel: Kernel,
  bytes: Uint8Array,
  unitRow: number,
  { from, to }: Span,
): void {
  const { width, height } = header;
  const [y, cb, cr] = planes as readonly [Plane, Plane, Plane];
  const { isHalfWide, isHalfHigh } = shape;
  const left = from * shape.unitWidth;
  const samples = (to - from) * shape.unitWidth;
  const count = Math.min(samples, width - left);
  const [even, odd] = isHalfHigh ? [8, 7] : [4, 8];
  const [wideBlue, wideRed] = [wideAt, wideAt + maxWidth + spareBytes];
  const last = Math.min(height, (unitRow + 1) * shape.unitHeight);
  for (let row = unitRow * shape.unitHeight; row < last; row += 1) {
    const out = pixelsAt + (row * width + left) * 3;
    const light = y.at + row * y.stride + left;
    if (isHalfWide) {
      const own = isHalfHigh ? row >> 1 : row;
      // Of two rows of pixels with the same row of colours, the upper one is also near to the one above.
      const other = isHalfHigh ? within(own + (row % 2 === 0 ? -1 : 1), cb.height) : own;
      const [ownAt, otherAt] = [own * cb.stride + left / 2, other * cb.stride + left / 2];
      kernel.widen(cb.at + ownAt, cb.at + otherAt, wideBlue, samples / 2, even, odd);
      kernel.widen(cr.at + ownAt, cr.at + otherAt, wideRed, samples / 2, even, odd);
      colour(light, wideBlue, wideRed, out);
    } else {
      const at = row * cb.stride + left;
      colour(light, cb.at + at, cr.at + at, out);
    }
  }

  /** The kernel makes eight pixels at a time; the next row may have been made before, so that the last ones of this one go there alone. */
  function colour(light: number, blue: number, red: number, out: number): void {
    const rest = count % 8;
    const most = count - rest;
    if (most > 0) kernel.colour(light, blue, red, out, most);
    if (rest === 0) return;
    kernel.colour(light + most, blue + most, red + most, workAt, 8);
    bytes.copyWithin(out + most * 3, workAt, workAt + rest * 3);
  }
}

/** The row, or the nearest that there is. */
function within(row: number, rows: number): number {
  return Math.max(0, Math.min(rows - 1, row));
}

/** Repeats the first and the last sample of the rows beyond them, in a row of units. */
function extend(
  { at, stride, width, height }: Plane,
  shape: Shape,
  unitRow: number,
  bytes: Uint8Array,
): void {
  const rows = shape.unitHeight / (shape.isHalfHigh ? 2 : 1);
  const last = Math.min(height, (unitRow + 1) * rows);
  for (let row = unitRow * rows; row < last; row += 1) {
    const start = at + row * stride;
    bytes[start - 1] = bytes[start]!;
    bytes[start + width] = bytes[start + width - 1]!;
  }
}
