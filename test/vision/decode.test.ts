import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { createDecoder, type DecodeOptions } from '../../src/vision/decode.ts';
import { samplePhoto } from './support.ts';

const defaults: DecodeOptions = { maxSidePx: null, maxPixels: 4e6, timeoutMs: 20_000, threads: 2 };

async function decode(bytes: Uint8Array, changes: Partial<DecodeOptions> = {}) {
  const result = await createDecoder({ ...defaults, ...changes })(bytes);
  if (!result.ok) throw new Error(`${result.failure}: ${result.message}`);
  return result.photo;
}

async function refusal(bytes: Uint8Array, changes: Partial<DecodeOptions> = {}) {
  const result = await createDecoder({ ...defaults, ...changes })(bytes);
  return result.ok ? 'decoded' : result.failure;
}

const small = (await samplePhoto(1).then((photo) => sharp(photo).resize(300).png().toBuffer())) as Uint8Array;
const photo = () => sharp(small);
const pixels = await photo().raw().toBuffer();

/** Mean absolute difference to the original's pixels, grey levels. */
function difference(data: Uint8Array): number {
  expect(data.length).toBe(pixels.length);
  return data.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]!), 0) / data.length;
}

test.each<[string, number, () => Promise<Uint8Array>]>([
  ['PNG', 0, () => photo().png().toBuffer()],
  ['PNG, 16 bit', 0, () => photo().toColourspace('rgb16').png().toBuffer()],
  ['PNG, interlaced', 0, () => photo().png({ progressive: true }).toBuffer()],
  ['PNG with a palette', 3, () => photo().png({ palette: true }).toBuffer()],
  ['PNG, opaque alpha', 0, () => photo().ensureAlpha().png().toBuffer()],
  ['PNG, Display P3', 1, () => photo().withIccProfile('p3').png().toBuffer()],
  ['JPEG', 4, () => photo().jpeg().toBuffer()],
  ['JPEG, progressive', 4, () => photo().jpeg({ progressive: true }).toBuffer()],
  ['JPEG, Display P3', 2, () => photo().withIccProfile('p3').jpeg({ quality: 98 }).toBuffer()],
  ['JPEG, CMYK', 14, () => photo().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
  ['JPEG, grey', 10, () => photo().greyscale().jpeg().toBuffer()],
  ['WebP', 4, () => photo().webp().toBuffer()],
  ['AVIF', 4, () => photo().avif({ effort: 0 }).toBuffer()],
  ['TIFF, 16 bit', 0, () => photo().toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer()],
  ['GIF', 3, () => photo().gif({ effort: 1 }).toBuffer()],
])('reads %s as upright 8-bit RGB', async (_, tolerance, encode) => {
  const { width, height, image } = await decode(await encode());
  expect([width, height, image.width, image.height]).toEqual([300, 200, 300, 200]);
  expect(difference(image.data)).toBeLessThanOrEqual(tolerance);
});

test('lays transparency on white', async () => {
  const create = { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const;
  for (const image of [sharp({ create }), sharp({ create }).toColourspace('b-w')]) {
    const { data } = (await decode(await image.png().toBuffer())).image;
    expect(new Set(data)).toEqual(new Set([255]));
  }
});

test.each(['gif', 'webp'] as const)('takes the first frame of an animated %s', async (format) => {
  const frames = await Promise.all([photo(), photo().negate()].map((frame) => frame.png().toBuffer()));
  const animation = await sharp(frames, { join: { animated: true } })
    .toFormat(format)
    .toBuffer();
  const { height, image } = await decode(animation);
  expect(height).toBe(200);
  expect(difference(image.data)).toBeLessThan(4);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('applies EXIF orientation %i', async (orientation) => {
  // The photo that a camera held that way would have stored: turned back so that the orientation turns it
  // upright.
  const undo: Record<number, (image: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.flop().rotate(270),
    6: (image) => image.rotate(270),
    7: (image) => image.flop().rotate(90),
    8: (image) => image.rotate(90),
  };
  const stored = await sharp(await undo[orientation]!(photo()).png().toBuffer())
    .withMetadata({ orientation })
    .png()
    .toBuffer();
  const { width, height, image } = await decode(stored);
  expect([width, height]).toEqual([300, 200]);
  expect(difference(image.data)).toBe(0);

  const shrunk = await decode(stored, { maxSidePx: 150 });
  expect([shrunk.width, shrunk.height, shrunk.image.width, shrunk.image.height]).toEqual([
    300, 200, 150, 100,
  ]);
});

test('shrinks to the longer side, never enlarges', async () => {
  const shrunk = await decode(small, { maxSidePx: 100 });
  expect([shrunk.width, shrunk.height, shrunk.image.width, shrunk.image.height]).toEqual([300, 200, 100, 67]);
  const same = await decode(small, { maxSidePx: 301 });
  expect(same.image.width).toBe(300);
});

test.each([
  [1, 1],
  [1, 10_000],
  [10_000, 1],
])('reads a photo of %i×%i', async (width, height) => {
  const strip = await sharp({ create: { width, height, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const whole = await decode(strip);
  expect([whole.image.width, whole.image.height]).toEqual([width, height]);
  const shrunk = await decode(strip, { maxSidePx: 1000 });
  expect(Math.max(shrunk.image.width, shrunk.image.height)).toBeLessThanOrEqual(1000);
  expect(Math.min(shrunk.image.width, shrunk.image.height)).toBe(1);
});

/** A PNG whose header says another size than its data has. */
function claim(width: number, height: number): Uint8Array {
  const png = Buffer.from(small);
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

test('refuses more pixels than the limit before it decodes them', async () => {
  const before = performance.now();
  expect(await refusal(claim(60_000, 60_000))).toBe('too_many_pixels');
  expect(performance.now() - before).toBeLessThan(500);
  expect(await refusal(small, { maxPixels: 300 * 200 })).toBe('decoded');
  expect(await refusal(small, { maxPixels: 300 * 200 - 1 })).toBe('too_many_pixels');
});

test('refuses a photo with fewer rows than it says', async () => {
  expect(await refusal(claim(300, 2000))).toBe('not_an_image');
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['zeros', new Uint8Array(100_000)],
  ['text', Buffer.from('muster')],
  ['HTML', Buffer.from('<!doctype html><html><body>404</body></html>')],
  [
    'SVG',
    Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    ),
  ],
  ['the start of a JPEG', Uint8Array.of(0xff, 0xd8, 0xff)],
])('refuses %s', async (_, bytes) => {
  expect(await refusal(bytes)).toBe('not_an_image');
});

test.each<[string, (image: Sharp) => Sharp]>([
  ['JPEG', (image) => image.jpeg()],
  ['progressive JPEG', (image) => image.jpeg({ progressive: true })],
  ['PNG', (image) => image.png()],
  ['interlaced PNG', (image) => image.png({ progressive: true })],
  ['WebP', (image) => image.webp()],
  ['GIF', (image) => image.gif({ effort: 1 })],
  ['TIFF', (image) => image.tiff({ compression: 'lzw' })],
  ['AVIF', (image) => image.avif({ effort: 0 })],
])('refuses a %s that is cut short anywhere', async (_, encode) => {
  const bytes = await encode(photo()).toBuffer();
  // A PNG without its last chunk (12 bytes) and a GIF without its last byte lack no pixel.
  for (const length of [30, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99].map((part) =>
    Math.floor(part < 1 ? part * bytes.length : part),
  )) {
    expect([length, await refusal(bytes.subarray(0, length))]).toEqual([length, 'not_an_image']);
    expect([length, await refusal(bytes.subarray(0, length), { maxSidePx: 100 })]).toEqual([
      length,
      'not_an_image',
    ]);
  }
  expect(await refusal(bytes.subarray(0, bytes.length - 20))).toBe('not_an_image');
  expect(await refusal(bytes)).toBe('decoded');
});

test.each<[string, (jpeg: Buffer) => Buffer]>([
  ['bytes after its end', (jpeg) => Buffer.concat([jpeg, Buffer.alloc(5000, 7)])],
  [
    'stray bytes between its segments',
    (jpeg) => Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(3), jpeg.subarray(2)]),
  ],
  [
    'a broken EXIF segment',
    (jpeg) =>
      Buffer.concat([jpeg.subarray(0, 2), Buffer.from('ffe1000845786966ffff', 'hex'), jpeg.subarray(2)]),
  ],
])('takes a JPEG with %s, as some cameras write it', async (_, change) => {
  const jpeg = change(await photo().jpeg().toBuffer());
  expect(difference((await decode(jpeg)).image.data)).toBeLessThan(4);
});
