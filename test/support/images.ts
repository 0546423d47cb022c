import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/**
 * Builders of image files for tests. Pure: the same arguments give the same bytes. The hand-made ones write the format
 * themselves, because no encoder makes files that say more than they hold.
 */

/** A photo, about 240 px wide, in every format and flavour that a camera or an upload may bring; by file name. */
export async function encodings(photo: Buffer): Promise<Map<string, Buffer>> {
  const small = await sharp(photo).resize({ width: 240 }).png().toBuffer();
  const one = () => sharp(small);
  const two = () => sharp([small, small], { join: { animated: true } });
  const made: readonly (readonly [string, Sharp])[] = [
    ['baseline.jpg', one().jpeg({ mozjpeg: false })],
    ['progressive.jpg', one().jpeg({ progressive: true })],
    ['grey.jpg', one().greyscale().jpeg()],
    ['cmyk.jpg', one().toColourspace('cmyk').jpeg()],
    // Stored lying on its side, as phones and door cameras do; orientation 6: turn it to the right to see it upright.
    ['lying.jpg', one().rotate(-90).jpeg().withMetadata({ orientation: 6 })],
    ['profile.jpg', one().withIccProfile('p3').jpeg()],
    ['plain.png', one().png()],
    ['interlaced.png', one().png({ progressive: true })],
    ['palette.png', one().png({ palette: true })],
    ['deep.png', one().toColourspace('rgb16').png()],
    ['clear.png', one().ensureAlpha(0.9).png()],
    ['grey-clear.png', one().greyscale().ensureAlpha(0.9).toColourspace('b-w').png()],
    ['lossy.webp', one().webp()],
    ['lossless.webp', one().ensureAlpha(0.9).webp({ lossless: true })],
    ['animated.webp', two().webp()],
    ['still.gif', one().gif()],
    ['animated.gif', two().gif()],
    ['lzw.tif', one().tiff({ compression: 'lzw' })],
    ['tiled.tif', one().tiff({ compression: 'jpeg', tile: true, tileWidth: 64, tileHeight: 64 })],
    ['deep.tif', one().toColourspace('rgb16').tiff({ compression: 'deflate' })],
    ['plain.avif', one().avif({ effort: 0 })],
  ];
  const files = await Promise.all(made.map(async ([name, image]) => [name, await image.toBuffer()] as const));
  return new Map(files);
}

export interface PngShape {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. Default 1. */
  readonly bitDepth?: number;
  /** 0 grey (default), 2 RGB, 6 RGB and alpha. */
  readonly colourType?: 0 | 2 | 6;
  /** Adam7, for which a decoder needs the whole image in memory. */
  readonly interlaced?: boolean;
  /** Chunks between IHDR and IDAT. */
  readonly chunks?: readonly Buffer[];
}

/** A PNG (ISO/IEC 15948) of zeros: black, and a thousand times smaller than its pixels. */
export function blackPng({
  width,
  height,
  bitDepth = 1,
  colourType = 0,
  interlaced = false,
  chunks = [],
}: PngShape): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  const samples = { 0: 1, 2: 3, 6: 4 }[colourType];
  const rowBytes = (pixels: number) => (pixels === 0 ? 0 : 1 + Math.ceil((pixels * samples * bitDepth) / 8));
  const passes = interlaced ? adam7 : [[0, 0, 1, 1] as const];
  const size = passes.reduce((sum, [x, y, stepX, stepY]) => {
    return sum + rowBytes(Math.ceil((width - x) / stepX)) * Math.ceil((height - y) / stepY);
  }, 0);
  const data = deflateSync(Buffer.alloc(size));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** First column and row of each pass, and the steps between its columns and rows. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/**
 * A grey square as a progressive JPEG (ITU-T T.81) in which all coefficients are 0. A decoder keeps every coefficient (2 bytes
 * for each sample) until it has read all scans, and goes over the whole image for each of them.
 *
 * @param components samples of a pixel: 3 YCbCr, 4 CMYK
 * @param scans scans after the first, one coefficient and bit each; at most 882 for each component
 */
export function greyProgressiveJpeg(side: number, components: 3 | 4, scans: number): Buffer {
  const ids = Array.from({ length: components }, (_, i) => i + 1);
  const blocks = Math.ceil(side / 8) ** 2;
  const bits = 14;
  const parts = [
    Buffer.from([0xff, 0xd8]),
    jpegSegment(0xdb, [0, ...Array.from({ length: 64 }, () => 1)]),
    jpegSegment(0xc2, [
      8,
      side >> 8,
      side & 255,
      side >> 8,
      side & 255,
      components,
      ...ids.flatMap((id) => [id, 0x11, 0]),
    ]),
    // Huffman codes: one of 1 bit for "the same DC as before", and 15 of 4 bits for the lengths of an end-of-band run.
    jpegSegment(0xc4, [0x00, 1, ...Array.from({ length: 15 }, () => 0), 0]),
    jpegSegment(0xc4, [
      0x10,
      0,
      0,
      0,
      15,
      ...Array.from({ length: 12 }, () => 0),
      ...Array.from({ length: 15 }, (_, i) => i << 4),
    ]),
    jpegSegment(0xda, [components, ...ids.flatMap((id) => [id, 0]), 0, 0, 0]),
    Buffer.alloc(Math.ceil((blocks * components) / 8)),
  ];
  const empty = endOfBandRuns(blocks);
  for (let scan = 0; scan < scans; scan++) {
    const band = Math.floor(scan / bits);
    const low = bits - 1 - (scan % bits);
    const high = scan % bits === 0 ? 0 : low + 1;
    const coefficient = 1 + (band % 63);
    parts.push(
      jpegSegment(0xda, [1, 1 + Math.floor(band / 63), 0, coefficient, coefficient, (high << 4) | low]),
      empty,
    );
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

/** The entropy-coded data of a scan in which `blocks` blocks hold nothing. */
function endOfBandRuns(blocks: number): Buffer {
  let code = '';
  for (let left = blocks; left > 0;) {
    const size = Math.min(14, Math.floor(Math.log2(left)));
    const run = Math.min(left, 2 ** (size + 1) - 1);
    code += size.toString(2).padStart(4, '0');
    if (size > 0) code += (run - 2 ** size).toString(2).padStart(size, '0');
    left -= run;
  }
  const bytes = (code.padEnd(Math.ceil(code.length / 8) * 8, '1').match(/.{8}/g) ?? []).map((byte) =>
    Number.parseInt(byte, 2),
  );
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}

function jpegSegment(marker: number, content: readonly number[]): Buffer {
  return Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content]);
}

/** An SVG drawing, px. `prologue` stands before the root, such as a document type with entities. */
export function svg(content: string, side = 400, prologue = ''): Buffer {
  const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  return Buffer.from(
    `<?xml version="1.0"?>${prologue}<svg ${names} width="${side}" height="${side}">${content}</svg>`,
  );
}

export interface TiffTag {
  readonly tag: number;
  /** 3 for 16-bit numbers, 4 for 32-bit ones. */
  readonly type: 3 | 4;
  readonly value: number;
}

/** A little-endian TIFF 6.0 with one directory, whose tags stand in it as given, and one strip of `data`. */
export function tiff(tags: readonly TiffTag[], data: Buffer, nextDirectory = 0): Buffer {
  const count = tags.length + 2;
  const directory = Buffer.alloc(8 + 2 + count * 12 + 4);
  directory.write('II*\0', 0, 'latin1');
  directory.writeUInt32LE(8, 4);
  directory.writeUInt16LE(count, 8);
  const strip: TiffTag[] = [
    { tag: 273, type: 4, value: directory.length },
    { tag: 279, type: 4, value: data.length },
  ];
  for (const [i, { tag, type, value }] of [...tags, ...strip].toSorted((a, b) => a.tag - b.tag).entries()) {
    const at = 10 + i * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  directory.writeUInt32LE(nextDirectory, directory.length - 4);
  return Buffer.concat([directory, data]);
}
