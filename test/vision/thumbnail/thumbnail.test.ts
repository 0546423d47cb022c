import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { groupPhoto, portraits } from '../../../demo/sample-photos.ts';
import { createMotionGate, thumbnailHeight, thumbnailWidth } from '../../../src/capture/camera/motion.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { createBlockMeansReader } from '../../../src/vision/jpeg/block-means.ts';
import { createThumbnailer } from '../../../src/vision/thumbnail/thumbnail.ts';
import { createDice, mutations } from '../../fuzz/mutations.ts';
import { doorway, hasFfmpeg, withoutFfmpeg } from '../../support/camera-film.ts';

const maxPixels = 16e6;
const readMeans = createBlockMeansReader(maxPixels);

/** Levels of the JPEG's blocks, by what was read of it. */
async function levelsOf(jpeg: Uint8Array): Promise<{ width: number; levels: number[] }> {
  const means = await readMeans(jpeg);
  if (means === null) throw new Error('it is not read');
  const { columns, rows, stride, values, quantiser } = means;
  const levels = Array.from({ length: rows * columns }, (_, i) => {
    const value = values[Math.floor(i / columns) * stride + (i % columns)]!;
    return 128 + (value * quantiser) / 8;
  });
  return { width: columns, levels };
}

/** Mean and largest difference to the brightness (ITU-R BT.601) of the decoded pixels, over whole blocks, in levels. */
async function differences(jpeg: Buffer): Promise<{ mean: number; most: number }> {
  const { width: columns, levels } = await levelsOf(jpeg);
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const found: number[] = [];
  for (let row = 0; row < Math.floor(height / 8); row += 1) {
    for (let column = 0; column < Math.floor(width / 8); column += 1) {
      let sum = 0;
      for (let n = 0; n < 64; n += 1) {
        const at = ((row * 8 + (n >> 3)) * width + column * 8 + (n & 7)) * channels;
        sum += channels === 1 ? data[at]! : 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      }
      found.push(Math.abs(levels[row * columns + column]! - sum / 64));
    }
  }
  return { mean: found.reduce((sum, one) => sum + one, 0) / found.length, most: Math.max(...found) };
}

const subsamplings = ['4:2:0', '4:4:4'] as const;

it.each([50, 85, 100])('is the brightness of the blocks, quality %d', async (quality) => {
  for (const n of [1, 4, 6]) {
    for (const chromaSubsampling of subsamplings) {
      for (const optimiseCoding of [true, false]) {
        const photo = sharp(groupPhoto(n)).resize(403, 301);
        const jpeg = await photo.jpeg({ quality, chromaSubsampling, optimiseCoding }).toBuffer();
        const { mean, most } = await differences(jpeg);
        // Where colours are clipped, decoded pixels are not what the JPEG says.
        expect(mean, `photo ${n}, ${chromaSubsampling}`).toBeLessThan(0.5);
        expect(most, `photo ${n}, ${chromaSubsampling}`).toBeLessThan(12);
      }
    }
  }
});

it('of a grey photo, and of one that is a single pixel', async () => {
  const grey = await sharp(groupPhoto(2)).resize(333, 222).greyscale().jpeg().toBuffer();
  const { mean, most } = await differences(grey);
  expect(mean).toBeLessThan(0.3);
  expect(most).toBeLessThan(2);
  const create = { width: 1, height: 1, channels: 3, background: '#808080' } as const;
  const { levels } = await levelsOf(await sharp({ create }).jpeg().toBuffer());
  expect(levels.map(Math.round)).toEqual([128]);
});

it.skipIf(!hasFfmpeg)(
  `with a restart marker behind each row${hasFfmpeg ? '' : ` (${withoutFfmpeg})`}`,
  async () => {
    const input = await doorway(await portraits.alice());
    const read = ['-v', 'error', '-f', 'image2pipe', '-c:v', 'mjpeg', '-i', 'pipe:0'];
    const slices = ['-threads', '4', '-slices', '4', '-thread_type', 'slice', '-q:v', '3'];
    const write = ['-c:v', 'mjpeg', ...slices, '-f', 'image2pipe', 'pipe:1'];
    const jpeg = execFileSync('ffmpeg', [...read, ...write], { input });
    const lastMarker = jpeg.indexOf(Buffer.from([0xff, 0xd4]));
    expect(lastMarker).toBeGreaterThan(0);
    expect((await differences(jpeg)).mean).toBeLessThan(0.7);
    // One that is out of turn tells of lost data.
    jpeg[lastMarker + 1] = 0xd6;
    expect(await readMeans(jpeg)).toBeNull();
  },
);

const facesDev = join('..', 'shared', 'faces-dev');

it.skipIf(!existsSync(facesDev))('of photos of the world (needs ../shared)', async () => {
  const files = (await readdir(facesDev, { recursive: true })).filter((name) => name.endsWith('.jpg'));
  let read = 0;
  for (const name of files.toSorted().filter((_, i) => i % 40 === 0)) {
    const jpeg = await readFile(join(facesDev, name));
    if ((await readMeans(jpeg)) === null) continue;
    read += 1;
    expect((await differences(jpeg)).mean, name).toBeLessThan(0.7);
  }
  expect(read).toBeGreaterThan(5);
});

it('leaves to the decoder what is no baseline JPEG, and what is cut', async () => {
  const photo = sharp(await portraits.alice());
  const progressive = await photo.clone().jpeg({ progressive: true }).toBuffer();
  const cmyk = await photo.clone().toColourspace('cmyk').jpeg().toBuffer();
  const baseline = await photo.clone().jpeg().toBuffer();
  const cut = Buffer.concat([baseline.subarray(0, baseline.length / 2), Buffer.from([0xff, 0xd9])]);
  for (const jpeg of [progressive, cmyk, cut, Buffer.alloc(0), await photo.clone().png().toBuffer()])
    expect(await readMeans(jpeg)).toBeNull();
  const thumbnail = createThumbnailer({ width: thumbnailWidth, height: thumbnailHeight, maxPixels });
  const [read, decoded] = [(await thumbnail(baseline))!, (await thumbnail(progressive))!];
  const difference = read.reduce((sum, level, i) => sum + Math.abs(level - decoded[i]!), 0) / read.length;
  // The decoder's picture is the green alone.
  expect(difference).toBeLessThan(12);
  const small = createBlockMeansReader(100);
  expect(await small(baseline)).toBeNull();
});

it('ends with a picture or with null, whatever the bytes are', async () => {
  const dice = createDice(seededRandom(11));
  const photo = sharp(groupPhoto(3)).resize(240, 160);
  const seeds = [await photo.clone().jpeg().toBuffer(), await photo.clone().greyscale().jpeg().toBuffer()];
  let read = 0;
  let refused = 0;
  for (const mutate of Object.values(mutations)) {
    for (let n = 0; n < 60; n += 1) {
      const means = await readMeans(mutate(dice.of(seeds), dice));
      if (means === null) refused += 1;
      else read += 1;
    }
  }
  expect(read).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(100);
  // And it still reads.
  expect((await differences(seeds[0]!)).mean).toBeLessThan(0.5);
});

it('lets the motion gate see who comes, and not a lamp that flickers or the noise of a sensor', async () => {
  const thumbnail = createThumbnailer({ width: thumbnailWidth, height: thumbnailHeight, maxPixels });
  const empty = await doorway(null);
  const gate = createMotionGate('medium');
  const look = async (jpeg: Buffer) => gate.look((await thumbnail(jpeg))!) === 'moved';
  const { data, info } = await sharp(empty).raw().toBuffer({ resolveWithObject: true });
  const random = seededRandom(5);
  for (let n = 0; n < 12; n += 1) {
    const flicker = 12 * Math.sin(n);
    const pixels = data.map((level) => Math.max(0, Math.min(255, level + flicker + (random() - 0.5) * 12)));
    const jpeg = await sharp(pixels, { raw: info })
      .jpeg({ quality: n % 2 === 0 ? 85 : 75 })
      .toBuffer();
    expect(await look(jpeg), `look ${n}`).toBe(n === 0);
  }
  for (const person of [await portraits.alice(), await portraits.bella()])
    expect(await look(await doorway(person))).toBe(true);
});
