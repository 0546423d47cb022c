import { deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { blackPng, greyProgressiveJpeg, pngChunk, svg, tiff } from '../support/images.ts';

const mb = 2 ** 20;
/**
 * Small files that ask for much: memory, time or another file. By file name.
 *
 * @param side of the largest square that the station lets in, px
 */
export async function bombs(side: number): Promise<Map<string, Buffer>> {
  return new Map<string, Buffer>([
    // Far beyond the limit on pixels.
    ['png-30000.png', blackPng({ width: 30_000, height: 30_000 })],
    ['webp-16383.webp', losslessWebp(16_383)],
    ['tiff-65535.tif', greyTiff(65_535, 65_535, deflateSync(Buffer.alloc(mb)))],
    ['svg-65535.svg', svg('<rect width="9" height="9"/>', 65_535)],

    // On the limit, in the ways that take a decoder the most memory and time for each pixel.
    ['png-largest.png', blackPng({ width: side, height: side })],
    ['png-largest-deep.png', blackPng({ width: side, height: side, bitDepth: 16, colourType: 2 })],
    [
      'png-largest-woven.png',
      blackPng({ width: side, height: side, bitDepth: 8, colourType: 2, interlaced: true }),
    ],
    ['png-wide.png', blackPng({ width: 60_000_000, height: 1 })],
    ['png-tall.png', blackPng({ width: 1, height: 60_000_000 })],
    ['jpeg-largest.jpg', greyProgressiveJpeg(side, 3, 0)],
    ['jpeg-largest-cmyk.jpg', greyProgressiveJpeg(side, 4, 0)],
    ['webp-largest.webp', losslessWebp(side)],
    ['avif-largest.avif', await flat(side).avif({ effort: 0 }).toBuffer()],
    ['tiff-largest.tif', greyTiff(side, side, deflateSync(Buffer.alloc(side ** 2)))],
    ['gif-frames.gif', gifOfFrames(side, 20_000)],

    // Few pixels, much work.
    ['jpeg-scans.jpg', greyProgressiveJpeg(side, 3, 3 * 882)],
    ['png-profile.png', blackPng({ width: 99, height: 99, chunks: [profileOf(64 * mb)] })],
    ['tiff-bands.tif', greyTiff(2000, 2000, deflateSync(Buffer.alloc(mb)), 200)],
    ['tiff-circle.tif', greyTiff(64, 64, deflateSync(Buffer.alloc(64 * 64)), 1, 8)],
    ['svg-entities.svg', svg('<text>&e9;</text>', 100, laughs)],
    ['svg-copies.svg', svg(`<defs>${tenfoldCopies}</defs><use xlink:href="#c9"/>`)],
    [
      'svg-filters.svg',
      svg(`<filter id="f">${blurs}</filter><rect filter="url(#f)" width="7900" height="7900"/>`, 7900),
    ],
    ['svg-deep.svg', svg('<g>'.repeat(100_000) + '</g>'.repeat(100_000))],
    ['svg-file.svg', svg('<image xlink:href="file:///etc/passwd" width="9" height="9"/>')],
    ['svg-blank.svgz', gzipSync(svg(' '.repeat(64 * mb)))],
  ]);
}

const steps = Array.from({ length: 10 }, (_, i) => i);

/** The "billion laughs": each entity is ten of the one before. */
const laughs = `<!DOCTYPE svg [<!ENTITY e0 "ha">${steps.map((i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')}]>`;

/** The same with drawings, which no XML parser counts. */
const tenfoldCopies = `<rect id="c0" width="1" height="1"/>${steps.map((i) => `<g id="c${i + 1}">${`<use xlink:href="#c${i}"/>`.repeat(10)}</g>`).join('')}`;

const blurs =
  '<feTurbulence baseFrequency="0.01" numOctaves="50"/><feGaussianBlur stdDeviation="500"/>'.repeat(40);

function flat(side: number) {
  return sharp({ create: { width: side, height: side, channels: 3, background: '#785a3c' } });
}

/** One colour as lossless WebP, 38 bytes whatever its size: each of the five Huffman codes has one symbol and takes no bits. */
function losslessWebp(side: number): Buffer {
  const file = Buffer.alloc(38);
  file.write('RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0\x2f', 'latin1');
  file.writeUInt32LE(((side - 1) | ((side - 1) << 14)) >>> 0, 21);
  file.set([0x88, 0x88, 0x08], 25);
  return file;
}

function greyTiff(width: number, height: number, strip: Buffer, samples = 1, nextDirectory = 0): Buffer {
  const deflated = 8;
  const tags = { 256: width, 257: height, 258: 8, 259: deflated, 262: 1, 277: samples, 278: height, 284: 1 };
  return tiff(
    Object.entries(tags).map(([tag, value]) => ({ tag: Number(tag), type: value > 0xffff ? 4 : 3, value })),
    strip,
    nextDirectory,
  );
}

/** A colour profile of blanks. */
function profileOf(bytes: number): Buffer {
  return pngChunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(bytes))]));
}

/** An animation of one-pixel frames on a large screen (GIF89a). */
function gifOfFrames(side: number, frames: number): Buffer {
  const screen = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  screen.writeUInt16LE(side, 6);
  screen.writeUInt16LE(side, 8);
  const frame = Buffer.from(',\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0', 'latin1');
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.from(';')]);
}
