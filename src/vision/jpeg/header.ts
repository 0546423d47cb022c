/** What must be known of a baseline JPEG to read its one scan. */
export interface BaselineJpeg {
  readonly width: number;
  readonly height: number;
  /** The first is the brightness; all of them are in the scan. */
  readonly components: readonly Component[];
  /** Of each component, 64 numbers in the order of the coefficients in the data. */
  readonly quantisers: readonly Uint16Array[];
  /**
   * Whether its pixels are as they come, of brightness and two differences of colour: there is no Exif that may turn it, no colour profile, and no segment of
   * Adobe's that may say that the colours are others.
   */
  readonly isPlain: boolean;
  /** Units (MCU) between two restart markers; 0: there are none. */
  readonly restartUnits: number;
  readonly huffman: readonly HuffmanSegment[];
  /** Where the data of the scan begins. */
  readonly dataAt: number;
}

export interface Component {
  readonly id: number;
  /** Sampling factors, 1 to 4. */
  readonly across: number;
  readonly down: number;
  readonly quantiserTable: number;
  /** Numbers of the Huffman tables, 0 to 3. */
  readonly dc: number;
  readonly ac: number;
}

export interface HuffmanSegment {
  readonly kind: 'dc' | 'ac';
  readonly table: number;
  /** 16 counts of codes by their length, then the symbols. */
  readonly bytes: Buffer;
}

/** A camera's JPEG has about ten segments before its scan. */
const maxSegments = 256;
/** Blocks of a unit, at the most (T.81, B.2.3). */
const maxBlocks = 10;

/**
 * Reads the segments before the scan (ITU-T T.81, annex B). Null for whatever is not a baseline JPEG with all components in its first scan: a
 * progressive one, one of four components, one that is damaged.
 */
export function readBaselineHeader(jpeg: Buffer): BaselineJpeg | null {
  const quantisers = new Map<number, Uint16Array>();
  let isPlain = true;
  const huffman: HuffmanSegment[] = [];
  let restartUnits = 0;
  let frame: { height: number; width: number; components: Component[] } | null = null;
  for (let at = 2, segments = 0; segments < maxSegments && at + 4 <= jpeg.length; segments += 1) {
    const marker = jpeg[at + 1]!;
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at] !== 0xff || end > jpeg.length) return null;
    const body = jpeg.subarray(at + 4, end);
    if (marker === 0xdb) readQuantisers(body, quantisers);
    else if (marker === 0xe1 || marker === 0xe2 || marker === 0xee) isPlain = false;
    else if (marker === 0xc4) readHuffman(body, huffman);
    else if (marker === 0xdd && body.length >= 2) restartUnits = body.readUInt16BE(0);
    else if (marker === 0xc0 || marker === 0xc1) frame = readFrame(body);
    // Other kinds of frames: progressive, lossless, arithmetic.
    else if (marker > 0xc1 && marker < 0xd0) return null;
    else if (marker === 0xda) {
      const components = frame === null ? null : readScan(body, frame.components);
      const used = (components ?? []).flatMap(({ quantiserTable }) => quantisers.get(quantiserTable) ?? []);
      if (frame === null || components === null || used.length < components.length) return null;
      // Without a segment that says otherwise, components of these names are red, green and blue.
      const isRgb = components.map(({ id }) => String.fromCodePoint(id)).join('') === 'RGB';
      return {
        ...frame,
        components,
        quantisers: used,
        isPlain: isPlain && !isRgb,
        restartUnits,
        huffman,
        dataAt: end,
      };
    }
    at = end;
  }
  return null;
}

function readQuantisers(body: Buffer, quantisers: Map<number, Uint16Array>): void {
  for (let at = 0; at < body.length;) {
    const bytes = body[at]! >> 4 === 0 ? 1 : 2;
    const end = at + 1 + 64 * bytes;
    if (end > body.length) return;
    const from = at + 1;
    const table = Uint16Array.from({ length: 64 }, (_, i) => body.readUIntBE(from + i * bytes, bytes));
    quantisers.set(body[at]! & 15, table);
    at = end;
  }
}

function readHuffman(body: Buffer, tables: HuffmanSegment[]): void {
  for (let at = 0; at + 17 <= body.length;) {
    const symbols = body.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    const end = at + 17 + symbols;
    const table = body[at]! & 15;
    if (end > body.length || table > 3) return;
    tables.push({
      kind: body[at]! >> 4 === 0 ? 'dc' : 'ac',
      table,
      bytes: body.subarray(at + 1, end),
    });
    at = end;
  }
}

function readFrame(body: Buffer) {
  const count = body[5] ?? 0;
  if (body[0] !== 8 || (count !== 1 && count !== 3) || body.length !== 6 + 3 * count) return null;
  const components = Array.from({ length: count }, (_, i): Component => {
    const [id, sampling, quantiserTable] = body.subarray(6 + 3 * i, 9 + 3 * i) as unknown as [
      number,
      number,
      number,
    ];
    // One component alone has units of one block, whatever is said of it (A.2.2).
    const [across, down] = count === 1 ? [1, 1] : [sampling >> 4, sampling & 15];
    return { id, across, down, quantiserTable, dc: 0, ac: 0 };
  });
  const blocks = components.reduce((sum, { across, down }) => sum + across * down, 0);
  const inRange = components.every(
    ({ across, down }) => across >= 1 && across <= 4 && down >= 1 && down <= 4,
  );
  const [height, width] = [body.readUInt16BE(1), body.readUInt16BE(3)];
  return inRange && blocks <= maxBlocks && width > 0 && height > 0 ? { height, width, components } : null;
}

/** The components with the tables that the scan gives them; null when it is not of all of them in the frame's order. */
function readScan(body: Buffer, components: readonly Component[]): Component[] | null {
  if (body[0] !== components.length || body.length !== 4 + 2 * components.length) return null;
  const scanned = components.map((component, i) => {
    const tables = body[2 + 2 * i]!;
    return { ...component, dc: tables >> 4, ac: tables & 15 };
  });
  const isWhole = scanned.every(({ id, dc, ac }, i) => body[1 + 2 * i] === id && dc < 4 && ac < 4);
  return isWhole ? scanned : null;
}
