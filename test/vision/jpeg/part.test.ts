import { execFileSync } from 'node:child_process';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { groupPhoto, portraits } from '../../../demo/sample-photos.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import type { Box } from '../../../src/vision/contract.ts';
import { BeyondPart, createPartDecoder, type PartOfPhoto } from '../../../src/vision/jpeg/part.ts';
import { createDice, mutations } from '../../fuzz/mutations.ts';
import { doorway, hasFfmpeg, withoutFfmpeg } from '../../support/camera-film.ts';

const limits = { maxPixels: 4e6, maxSidePx: null };
const decodePart = createPartDecoder(limits);
const random = seededRandom(7);

/** Largest difference of the pixels in a box to those of the decoder of the whole, levels. */
async function worst(jpeg: Buffer, boxes: readonly Box[], part: PartOfPhoto): Promise<number> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  expect([part.image.width, part.image.height, info.channels]).toEqual([width, height, 3]);
  let most = 0;
  for (const [x1, y1, x2, y2] of boxes) {
    const [left, top] = [Math.max(0, Math.floor(x1)), Math.max(0, Math.floor(y1))];
    const [right, bottom] = [Math.min(width, Math.ceil(x2)), Math.min(height, Math.ceil(y2))];
    if (left >= right || top >= bottom) continue;
    expect(part.has({ left, top, right, bottom })).toBe(true);
    for (let y = top; y < bottom; y += 1) {
      for (let i = (y * width + left) * 3; i < (y * width + right) * 3; i += 1)
        most = Math.max(most, Math.abs(data[i]! - part.image.data[i]!));
    }
  }
  return most;
}

/** One or two, of any size, which may reach beyond the photo. */
function someBoxes(width: number, height: number): Box[] {
  return Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
    const [x, y] = [(random() * 1.2 - 0.2) * width, (random() * 1.2 - 0.2) * height];
    return [x, y, x + random() * 0.6 * width, y + random() * 0.6 * height];
  });
}

/** Pixels that are asked for later are as good, and those from before stay. */
async function expectMore(
  jpeg: Buffer,
  boxes: readonly Box[],
  [width, height]: readonly [number, number],
): Promise<void> {
  const part = decodePart(jpeg, boxes, [[0, 0, width, height]])!;
  const asked: Box[] = [];
  for (let n = 0; n < 3; n += 1) {
    for (const [x1, y1, x2, y2] of someBoxes(width, height)) {
      const [left, top] = [Math.max(0, Math.floor(x1)), Math.max(0, Math.floor(y1))];
      const [right, bottom] = [Math.min(width, Math.ceil(x2)), Math.min(height, Math.ceil(y2))];
      if (left >= right || top >= bottom) continue;
      part.add({ left, top, right, bottom });
      asked.push([left, top, right, bottom]);
    }
  }
  const message = `${boxes.join('; ')}, then ${asked.join('; ')}`;
  expect(await worst(jpeg, [...boxes, ...asked], part), message).toBe(0);
}

const sizes = [
  [640, 360],
  [403, 301],
  [333, 222],
  [161, 97],
  [17, 9],
  [50, 400],
] as const;

it.each(sizes)('has the pixels of libjpeg-turbo, %d×%d', async (width, height) => {
  for (const n of [1, 4]) {
    for (const quality of [30, 85, 100]) {
      for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
        for (const optimiseCoding of [true, false]) {
          const photo = sharp(groupPhoto(n)).resize(width, height, {
            fit: 'cover',
          });
          const jpeg = await photo.jpeg({ quality, chromaSubsampling, optimiseCoding }).toBuffer();
          for (const boxes of [[[0, 0, width, height] as const], someBoxes(width, height)]) {
            const part = decodePart(jpeg, boxes);
            expect(part, `${quality}, ${chromaSubsampling}`).not.toBeNull();
            expect(
              await worst(jpeg, boxes, part!),
              `${quality}, ${chromaSubsampling}, ${boxes.join('; ')}`,
            ).toBe(0);
            await expectMore(jpeg, boxes, [width, height]);
          }
        }
      }
    }
  }
});

it.skipIf(!hasFfmpeg)(
  `has them of a camera's JPEG, 4:2:2 and with restart markers${hasFfmpeg ? '' : ` (${withoutFfmpeg})`}`,
  async () => {
    const input = await doorway(await portraits.alice());
    const read = ['-v', 'error', '-f', 'image2pipe', '-c:v', 'mjpeg', '-i', 'pipe:0'];
    for (const format of ['yuvj420p', 'yuvj422p', 'yuvj444p']) {
      for (const slices of [[], ['-threads', '4', '-slices', '4', '-thread_type', 'slice']]) {
        const write = [
          '-c:v',
          'mjpeg',
          '-pix_fmt',
          format,
          ...slices,
          '-q:v',
          '3',
          '-f',
          'image2pipe',
          'pipe:1',
        ];
        const jpeg = execFileSync('ffmpeg', [...read, ...write], { input });
        expect(jpeg.includes(Buffer.from([0xff, 0xd4]))).toBe(slices.length > 0);
        for (let n = 0; n < 5; n += 1) {
          const boxes = n === 0 ? [[0, 0, 640, 480] as const] : someBoxes(640, 480);
          const part = decodePart(jpeg, boxes);
          expect(part, format).not.toBeNull();
          expect(await worst(jpeg, boxes, part!), `${format}, ${boxes.join('; ')}`).toBe(0);
          await expectMore(jpeg, boxes, [640, 480]);
        }
        // A restart marker that is out of turn tells of lost data.
        const lastMarker = jpeg.indexOf(Buffer.from([0xff, 0xd4]));
        if (lastMarker === -1) continue;
        jpeg[lastMarker + 1] = 0xd6;
        expect(decodePart(jpeg, [[0, 0, 100, 100]])).toBeNull();
      }
    }
  },
);

it('knows what it has', async () => {
  const jpeg = await sharp(groupPhoto(1)).resize(320, 240, { fit: 'cover' }).jpeg().toBuffer();
  const part = decodePart(jpeg, [
    [32, 32, 64, 64],
    [160, 128, 200, 160],
  ])!;
  expect(part.has({ left: 32, top: 32, right: 64, bottom: 64 })).toBe(true);
  expect(part.has({ left: 31, top: 32, right: 64, bottom: 64 })).toBe(false);
  expect(part.has({ left: 32, top: 32, right: 65, bottom: 64 })).toBe(false);
  expect(part.has({ left: 32, top: 31, right: 64, bottom: 64 })).toBe(false);
  expect(part.has({ left: 32, top: 32, right: 64, bottom: 65 })).toBe(false);
  expect(part.has({ left: 160, top: 128, right: 208, bottom: 160 })).toBe(true);
  expect(part.has({ left: 40, top: 40, right: 180, bottom: 140 })).toBe(false);
  expect(
    decodePart(jpeg, [[400, 10, 500, 50]])!.has({
      left: 0,
      top: 0,
      right: 10,
      bottom: 10,
    }),
  ).toBe(false);
});

it('decodes more where it is in reach, and nowhere else', async () => {
  const jpeg = await sharp(groupPhoto(1)).resize(320, 240, { fit: 'cover' }).jpeg().toBuffer();
  const part = decodePart(jpeg, [[100, 100, 140, 140]], [[60, 60, 180, 180]])!;
  const near = { left: 60, top: 61, right: 180, bottom: 180 };
  expect(part.has(near)).toBe(false);
  part.add(near);
  expect(part.has(near)).toBe(true);
  expect(() => part.add({ ...near, left: 59 })).toThrow(BeyondPart);
  expect(() => part.add({ ...near, bottom: 181 })).toThrow(BeyondPart);
  expect(part.has({ ...near, bottom: 200 })).toBe(false);

  const withEdge = decodePart(jpeg, [[0, 0, 40, 40]], [[-50, -50, 500, 300]])!;
  withEdge.add({ left: 0, top: 0, right: 320, bottom: 240 });
  expect(await worst(jpeg, [[0, 0, 320, 240]], withEdge)).toBe(0);
});

it('leaves to the decoder of the whole what is no such JPEG, and what is cut', async () => {
  const photo = sharp(await portraits.alice());
  const baseline = await photo.clone().jpeg().toBuffer();
  const boxes: Box[] = [[10, 10, 90, 90]];
  expect(decodePart(baseline, boxes)).not.toBeNull();
  const others = {
    progressive: await photo.clone().jpeg({ progressive: true }).toBuffer(),
    grey: await photo.clone().toColourspace('b-w').jpeg().toBuffer(),
    cmyk: await photo.clone().toColourspace('cmyk').jpeg().toBuffer(),
    turned: await photo.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    profile: await photo.clone().withIccProfile('p3').jpeg().toBuffer(),
    narrow: await photo.clone().resize(16, 40).jpeg().toBuffer(),
    png: await photo.clone().png().toBuffer(),
    cut: Buffer.concat([baseline.subarray(0, baseline.length / 2), Buffer.from([0xff, 0xd9])]),
    'without an end': baseline.subarray(0, -2),
    empty: Buffer.alloc(0),
  };
  for (const [name, bytes] of Object.entries(others)) expect(decodePart(bytes, boxes), name).toBeNull();
  expect(createPartDecoder({ ...limits, maxPixels: 100 })(baseline, boxes)).toBeNull();
  expect(createPartDecoder({ ...limits, maxSidePx: 20 })(baseline, boxes)).toBeNull();
});

it('ends with a part or with null, whatever the bytes are', async () => {
  const dice = createDice(seededRandom(11));
  const photo = sharp(groupPhoto(3)).resize(240, 160);
  const seeds = [
    await photo.clone().jpeg().toBuffer(),
    await photo.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
  ];
  let decoded = 0;
  let refused = 0;
  for (const mutate of Object.values(mutations)) {
    for (let n = 0; n < 60; n += 1) {
      if (decodePart(mutate(dice.of(seeds), dice), someBoxes(240, 160)) === null) refused += 1;
      else decoded += 1;
    }
  }
  expect(decoded).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(100);
  // And it still decodes.
  const all: Box[] = [[0, 0, 240, 160]];
  expect(await worst(seeds[0]!, all, decodePart(seeds[0]!, all)!)).toBe(0);
});
