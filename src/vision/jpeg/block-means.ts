import { setImmediate as afterOthers } from 'node:timers/promises';
import { createWasmMemory, createWasmModule, growWasmMemory, type WasmMemory } from '../../lib/wasm.ts';
import { readBaselineHeader, type BaselineJpeg } from './header.ts';
import { restartIntervals } from './intervals.ts';
import { kernelBytes } from './kernel-bytes.ts';
import { createTables, tablesBytes, type Tables } from './tables.ts';

/** The brightness of the blocks of 8×8 px of a photo, `[rows, stride]`, before quantisation is undone. */
export interface BlockMeans {
  readonly columns: number;
  readonly rows: number;
  /** Numbers from row to row. */
  readonly stride: number;
  /** Means less 128, in units of `quantiser` / 8. Valid until the next photo is read. */
  readonly values: Int16Array;
  readonly quantiser: number;
}

/** The functions of wasm/jpeg.wat, which says what they do. */
interface Kernel {
  unstuff(at: number, end: number, out: number): number;
  read(units: number): number;
}

const instantiate = createWasmModule(kernelBytes, 'vision');

/** Larger files are left to libvips, so that the memory stays small. */
const maxBytes = 4 * 2 ** 20;
/** Units that are read before others have the thread: less than a millisecond. */
const unitsAtOnce = 2_048;
/** In the memory: the state, the tables, the file, its data, the means. */
const tablesAt = 512;
/** Of the state. */
const predictorsAt = 48;
const fileAt = tablesAt + tablesBytes;
/** What may be read or written beyond an end: a unit of ten blocks takes less. */
const spareBytes = 4_096;

/**
 * Creates what reads the block means of a baseline JPEG, without making pixels of it: its DC coefficients are them (ITU-T T.81, A.3.3). One photo at a time.
 * Null for any other JPEG and for one that is damaged: whoever asks decodes it then.
 */
export function createBlockMeansReader(maxPixels: number): (jpeg: Uint8Array) => Promise<BlockMeans | null> {
  let memory: WasmMemory | undefined;
  let kernel: Kernel | undefined;
  const tables = createTables(tablesAt);
  let isBusy = false;

  return async (jpeg) => {
    const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
    const header = readBaselineHeader(file);
    if (header === null || isBusy || file.length > maxBytes || header.width * header.height > maxPixels)
      return null;
    isBusy = true;
    try {
      return await read(file, header);
    } finally {
      isBusy = false;
    }
  };

  async function read(file: Buffer, header: BaselineJpeg): Promise<BlockMeans | null> {
    const [first] = header.components as [BaselineJpeg['components'][0]];
    const across = Math.max(...header.components.map((one) => one.across));
    const down = Math.max(...header.components.map((one) => one.down));
    const unitColumns = Math.ceil(header.width / (8 * across));
    const units = unitColumns * Math.ceil(header.height / (8 * down));
    const stride = unitColumns * first.across;
    const topAt = fileAt + 2 * (file.length + spareBytes);
    const meansAt = (topAt + 15) & ~15;
    const meansLength = units * first.across * first.down;

    memory ??= createWasmMemory(fileAt) ?? undefined;
    if (memory === undefined) return null;
    kernel ??= instantiate(memory) as Kernel;
    growWasmMemory(memory, meansAt + meansLength * 2 + spareBytes);
    if (!tables.write(header, memory.buffer)) return null;
    new Uint8Array(memory.buffer, fileAt).set(file);
    const state = new Uint32Array(memory.buffer, 0, tablesAt / 4);
    state.set([0, 0, 0, meansAt, unitColumns, unitColumns, first.across * 2, (first.down - 1) * stride * 2]);
    state[8] = writeBlocks(header, tables, stride, state.subarray(16));
    const predictors = new Int32Array(memory.buffer, predictorsAt, 3);

    for (const interval of restartIntervals(file, header, units, { fileAt, topAt, state, kernel })) {
      if (interval === null) return null;
      predictors.fill(0);
      for (let done = interval.from; done < interval.to;) {
        const some = Math.min(interval.to - done, unitsAtOnce);
        if (kernel.read(some) === 0) return null;
        done += some;
        if (done < interval.to) await afterOthers();
      }
    }
    const columns = Math.ceil(Math.ceil((header.width * first.across) / across) / 8);
    const rows = Math.ceil(Math.ceil((header.height * first.down) / down) / 8);
    const values = new Int16Array(memory.buffer, meansAt, meansLength);
    return {
      columns,
      rows,
      stride,
      values,
      quantiser: header.quantisers[0]![0]!,
    };
  }
}

/** Writes what the kernel has to know of each block of a unit, in their order in the data, and returns how many there are. */
function writeBlocks(
  { components }: BaselineJpeg,
  tables: Tables,
  stride: number,
  state: Uint32Array,
): number {
  let blocks = 0;
  for (const [i, { across, down, dc, ac }] of components.entries()) {
    for (let n = 0; n < across * down; n += 1) {
      const offset = (Math.floor(n / across) * stride + (n % across)) * 2;
      const own = [tables.at('dc', dc), tables.at('ac', ac), predictorsAt + 4 * i];
      state.set([...own, i === 0 ? 1 : 0, offset], blocks * 8);
      blocks += 1;
    }
  }
  return blocks;
}
