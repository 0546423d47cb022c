import type { BaselineJpeg, HuffmanSegment } from './header.ts';

/** Bytes of a table in the memory of wasm/jpeg.wat, which says what is in it. */
const tableBytes = 221_200;
const singleAt = 8_192;
const leastAt = 16_384;
const longAt = 16_388;
const valueBitsAt = 147_464;
const longValueBitsAt = 151_560;
const valuesAt = 217_104;

/** Bits of a code that are looked up at once. */
const window = 12;
/** Bits of a code and its value that are looked up at once. */
const valueWindow = 10;
/** Low bits of an entry, which say how many it takes. */
const lengthBits = 6;
const lengthMask = (1 << lengthBits) - 1;
/** Of an entry, above its bits: the block ends; the entry has no say. */
const blockEnds = 128;
const noSay = 255;

/** Bytes of all tables. */
export const tablesBytes = 8 * tableBytes;

/** The Huffman tables in a memory, from an address on. They stay there: most cameras always send the same. */
export interface Tables {
  /** Writes those of a JPEG. False where one is missing or none. */
  write(jpeg: BaselineJpeg, memory: ArrayBuffer): boolean;
  /** Where a table is. */
  at(kind: HuffmanSegment['kind'], table: number): number;
}

export function createTables(firstAt: number): Tables {
  const written = new Map<number, Buffer>();
  const at = (kind: HuffmanSegment['kind'], table: number) =>
    firstAt + (table + (kind === 'ac' ? 4 : 0)) * tableBytes;
  return {
    at,
    write({ huffman, components }, memory) {
      for (const segment of huffman) {
        const place = at(segment.kind, segment.table);
        if (written.get(place)?.equals(segment.bytes) === true) continue;
        written.delete(place);
        if (!writeTable(segment, memory, place)) return false;
        written.set(place, Buffer.from(segment.bytes));
      }
      const defined = new Set(huffman.map(({ kind, table }) => `${kind}${table}`));
      return components.every(({ dc, ac }) => defined.has(`dc${dc}`) && defined.has(`ac${ac}`));
    },
  };
}

/** Writes the table of a DHT segment (ITU-T T.81, annex C) to the memory. Returns false where it is none. */
function writeTable({ kind, bytes }: HuffmanSegment, memory: ArrayBuffer, at: number): boolean {
  const single = new Uint16Array(memory, at + singleAt, 1 << window).fill(0);
  const valueBits = new Uint8Array(memory, at + valueBitsAt, 1 << window);
  // The first 16 bits that no code so far begins with.
  let next = 0;
  let symbolAt = 16;
  let least = 0;
  let long = new Uint16Array(0);
  let longValueBits = new Uint8Array(0);
  for (let length = 1; length <= 16; length += 1) {
    if (length === window + 1) {
      least = next;
      long = new Uint16Array(memory, at + longAt, 65_536 - least).fill(0);
      longValueBits = new Uint8Array(memory, at + longValueBitsAt, 65_536 - least);
    }
    for (let n = bytes[length - 1]!; n > 0; n -= 1) {
      const symbol = bytes[symbolAt]!;
      const span = 1 << (16 - length);
      if (next + span > 65_536 || (kind === 'dc' && symbol > 15)) return false;
      const entry = (length + (symbol & 15)) | (passedBy(kind, symbol) << lengthBits);
      if (length <= window) {
        single.fill(entry, next >> 4, (next + span) >> 4);
        valueBits.fill(symbol & 15, next >> 4, (next + span) >> 4);
      } else {
        long.fill(entry, next - least, next - least + span);
        longValueBits.fill(symbol & 15, next - least, next - least + span);
      }
      next += span;
      symbolAt += 1;
    }
  }
  new DataView(memory).setUint32(at + leastAt, least, true);
  if (kind === 'ac') combine(single, new Uint16Array(memory, at, 1 << window));
  addValues(kind, single, valueBits, new Uint32Array(memory, at + valuesAt, 1 << valueWindow));
  return true;
}

/** Of a DC code the bits of its value; of an AC code how many coefficients it is (F.1.2.2). */
function passedBy(kind: 'dc' | 'ac', symbol: number): number {
  if (kind === 'dc') return symbol;
  return (symbol & 15) === 0 && symbol !== 0xf0 ? blockEnds : (symbol >> 4) + 1;
}

/** Entries of as many codes, with their values, as lie whole in the window. */
function combine(single: Uint16Array, combined: Uint16Array): void {
  const mask = (1 << window) - 1;
  for (let i = 0; i <= mask; i += 1) {
    let bits = single[i]! & lengthMask;
    let passed = single[i] === 0 ? noSay : single[i]! >> lengthBits;
    while (passed < 64 && bits < window) {
      const entry = single[(i << bits) & mask]!;
      const more = entry >> lengthBits;
      if (entry === 0 || bits + (entry & lengthMask) > window || (more < 64 && passed + more >= 64)) break;
      bits += entry & lengthMask;
      passed += more;
    }
    combined[i] = bits | (passed << lengthBits);
  }
}

/** Entries of codes that lie in their window with their values, which are in them. */
function addValues(kind: 'dc' | 'ac', single: Uint16Array, valueBits: Uint8Array, values: Uint32Array): void {
  for (let i = 0; i < values.length; i += 1) {
    const first = i << (window - valueWindow);
    const entry = single[first]!;
    const length = entry & lengthMask;
    const bits = valueBits[first]!;
    if (entry === 0 || length > valueWindow) {
      values[i] = 0;
      continue;
    }
    const coded = (i >> (valueWindow - length)) & ((1 << bits) - 1);
    // F.2.2.1, EXTEND: it begins with 1 where it is positive.
    const value = coded >> (bits - 1) === 1 ? coded : coded - (1 << bits) + 1;
    const passed = kind === 'dc' ? 0 : entry >> lengthBits;
    values[i] = length | (passed << lengthBits) | (value << 16);
  }
}
