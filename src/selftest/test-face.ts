import { setImmediate as breathe } from 'node:timers/promises';
import { crc32, deflate } from 'node:zlib';
import { promisify } from 'node:util';

/** A drawn face, so that the self-test has a photo to find one in that is nobody's. */

/** Side of the drawing, px. The face takes 0.38 of the width. */
const side = 160;
/** The drawing is enlarged at most this much: beyond it the photo would be larger than the work is worth. */
const maxEnlargement = 12;
const faceShare = 0.38;

type Colour = readonly [number, number, number];
/** An oval with a soft edge: where (−1..1 from the middle), half axes, softness, colour, and how much it covers. */
type Oval = readonly [
  x: number,
  y: number,
  rx: number,
  ry: number,
  edge: number,
  colour: Colour,
  cover: number,
];

const background: Colour = [110, 120, 130];
const both = (sign: 1 | -1): readonly Oval[] => [
  [sign * 0.42, 0.1, 0.14, 0.4, 0.3, [180, 135, 112], 0.5], // cheek
  [sign * 0.18, -0.1, 0.13, 0.09, 0.25, [150, 105, 90], 0.6], // socket
  [sign * 0.19, -0.21, 0.13, 0.022, 0.3, [60, 42, 35], 0.9], // brow
  [sign * 0.18, -0.09, 0.085, 0.04, 0.15, [235, 230, 225], 0.9], // eye
  [sign * 0.18, -0.09, 0.04, 0.042, 0.15, [50, 35, 30], 0.95], // iris
  [sign * 0.045, 0.15, 0.03, 0.02, 0.3, [110, 75, 62], 0.7], // nostril
];
/** Painted in this order. */
const ovals: readonly Oval[] = [
  [0, -0.12, 0.56, 0.66, 0.03, [60, 45, 40], 1], // hair
  [0, 1.15, 0.9, 0.45, 0.03, [60, 60, 110], 1], // shoulders
  [0, 0.62, 0.2, 0.3, 0.06, [190, 150, 128], 1], // neck
  [0, 0.02, 0.44, 0.58, 0.03, [214, 172, 148], 1], // face
  ...both(-1),
  ...both(1),
  [0, 0.05, 0.04, 0.13, 0.4, [235, 195, 172], 0.6], // bridge of the nose
  [0, 0.165, 0.08, 0.025, 0.4, [165, 118, 98], 0.6], // its tip
  [0, 0.33, 0.16, 0.045, 0.2, [165, 80, 80], 0.9], // mouth
  [0, 0.328, 0.14, 0.01, 0.3, [95, 40, 42], 0.8], // between the lips
  [0, 0.42, 0.1, 0.025, 0.5, [185, 142, 120], 0.5], // chin
];

/**
 * The drawing as a PNG whose face is well above `minFacePx`, or null where it would have to be too large. MTCNN gives it
 * a probability of 0.99 and more at every size.
 */
export async function testFace(minFacePx: number): Promise<Uint8Array | null> {
  const times = enlargementFor(minFacePx);
  return times === null ? null : await png(await drawing(), times, side * times, side * times);
}

/** The same in the middle of a photo of the size that a camera gives, 1280×720 or larger. */
export async function testScene(minFacePx: number): Promise<Uint8Array | null> {
  const times = enlargementFor(minFacePx);
  if (times === null) return null;
  return await png(await drawing(), times, Math.max(1280, side * times), Math.max(720, side * times));
}

function enlargementFor(minFacePx: number): number | null {
  const enlargement = Math.max(1, Math.ceil((1.2 * minFacePx) / (side * faceShare)));
  return enlargement > maxEnlargement ? null : enlargement;
}

/** The drawing itself, RGB, `side` × `side` px. */
export async function drawFace(): Promise<{ readonly side: number; readonly rgb: Uint8Array }> {
  return { side, rgb: await drawing() };
}

/** RGB, row by row, with a pause after each row, since the main thread has other work. */
async function drawing(): Promise<Uint8Array> {
  const pixels = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i += 1) {
    const x = (((i % side) + 0.5) / side) * 2 - 1;
    const y = ((Math.floor(i / side) + 0.5) / side) * 2 - 1;
    if (i % side === 0) await breathe();
    let [r, g, b] = background;
    for (const [cx, cy, rx, ry, edge, colour, cover] of ovals) {
      const a = cover / (1 + Math.exp((Math.hypot((x - cx) / rx, (y - cy) / ry) - 1) / edge));
      r += (colour[0] - r) * a;
      g += (colour[1] - g) * a;
      b += (colour[2] - b) * a;
    }
    pixels.set([r, g, b], i * 3);
  }
  return pixels;
}

/** The drawing, each of its pixels `times` × `times` large, in the middle of its background, as a PNG (ISO/IEC 15948). */
async function png(rgb: Uint8Array, times: number, width: number, height: number): Promise<Uint8Array> {
  const stride = width * 3 + 1;
  const rows = new Uint8Array(stride * height);
  const left = Math.floor((width - side * times) / 2);
  const top = Math.floor((height - side * times) / 2);
  // Byte 0 of each row is its filter: none.
  for (let x = 0; x < width; x += 1) rows.set(background, 1 + x * 3);
  for (let y = 1; y < height; y += 1) rows.copyWithin(y * stride, 0, stride);
  for (let y = 0; y < side; y += 1) {
    await breathe();
    const first = (top + y * times) * stride;
    for (let x = 0; x < side * times; x += 1) {
      const from = (y * side + Math.floor(x / times)) * 3;
      rows.set(rgb.subarray(from, from + 3), first + 1 + (left + x) * 3);
    }
    for (let copy = 1; copy < times; copy += 1) {
      rows.copyWithin(first + copy * stride, first, first + stride);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', await promisify(deflate)(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  return Buffer.concat(parts);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const made = Buffer.alloc(typed.length + 8);
  made.writeUInt32BE(data.length, 0);
  made.set(typed, 4);
  made.writeUInt32BE(crc32(typed), typed.length + 4);
  return made;
}
