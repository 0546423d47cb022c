import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Box } from '../../src/vision/contract.ts';
import { createPartDecoder } from '../../src/vision/jpeg/part.ts';
import { distance, newVision, overlap, samplePhoto, startPipeline, succeeded } from './support.ts';

const photo = await samplePhoto(1);
const shifted = ([x1, y1, x2, y2]: Box, share: number): Box => {
  const by = share * (x2 - x1);
  return [x1 + by, y1 - by / 2, x2 + by, y2 - by / 2];
};

test('faces are followed from where they were, and not embedded again', async () => {
  const pipeline = await startPipeline();
  const before = succeeded(await pipeline.analyse(photo)).faces;
  expect(before.map(({ followed }) => followed)).toEqual([null, null, null]);

  // In another order, and as far away as a person walks between two frames.
  const follow = before.map(({ box }) => shifted(box, 0.15)).toReversed();
  const tracked = succeeded(await pipeline.analyse(photo, { follow, embed: 'new' }));
  expect(tracked.faces).toHaveLength(3);
  for (const { box, followed, embedding, landmarks } of tracked.faces) {
    const same = before[2 - followed!]!;
    expect(overlap(box, same.box)).toBeGreaterThan(0.75);
    landmarks.forEach((point, i) =>
      expect(distance(point, same.landmarks[i]!)).toBeLessThan(0.12 * same.quality.size_px),
    );
    expect(embedding).toHaveLength(0);
  }
});

test('only what is followed is looked at, unless a search is wanted', async () => {
  const pipeline = await startPipeline();
  const [first, ...others] = succeeded(await pipeline.analyse(photo)).faces;
  const alone = succeeded(await pipeline.analyse(photo, { follow: [first!.box] }));
  expect(alone.faces.map(({ followed }) => followed)).toEqual([0]);
  expect(alone.faces[0]!.embedding).toHaveLength(192);

  const all = succeeded(
    await pipeline.analyse(photo, { follow: [first!.box], search: true, embed: 'new' }),
  ).faces;
  expect(all.map(({ followed, embedding }) => `${followed}: ${embedding.length}`).toSorted()).toEqual([
    '0: 0',
    'null: 192',
    'null: 192',
  ]);
  for (const { box } of others)
    expect(Math.max(...all.map((face) => overlap(face.box, box)))).toBeGreaterThan(0.9);
});

test('when a face is lost, the photo is searched', async () => {
  const pipeline = await startPipeline();
  const [first] = succeeded(await pipeline.analyse(photo)).faces;
  const nobody: Box = [100, 1000, 260, 1180];
  const { faces } = succeeded(await pipeline.analyse(photo, { follow: [nobody, first!.box] }));
  expect(faces.map(({ followed }) => `${followed}`).toSorted()).toEqual(['1', 'null', 'null']);
});

test('two boxes on one face, and boxes outside the photo', async () => {
  const pipeline = await startPipeline();
  const [first] = succeeded(await pipeline.analyse(photo)).faces;
  const outside: Box = [5000, 5000, 5100, 5100];
  const follow = [first!.box, shifted(first!.box, 0.05), outside];
  expect(succeeded(await pipeline.analyse(photo, { follow })).faces).toHaveLength(3);
});

test('the boxes are those of the photo, however it is shrunk, and go to the thread with the job', async () => {
  const vision = newVision({ maxSidePx: 640 });
  await vision.start();
  const before = succeeded(await vision.analyse({ photo: new Uint8Array(photo) })).faces;
  const follow = before.map(({ box }) => box);
  const [after, empty] = await Promise.all([
    vision.analyse({ photo: new Uint8Array(photo), follow, embed: 'new' }),
    vision.analyse({
      photo: await sharp({ create: { width: 1920, height: 1280, channels: 3, background: 'grey' } })
        .jpeg()
        .toBuffer(),
      follow,
    }),
  ]);
  const { faces } = succeeded(after);
  expect(faces.map(({ followed }) => `${followed}`).toSorted()).toEqual(before.map((_, i) => `${i}`));
  for (const { box, followed } of faces) expect(overlap(box, follow[followed!]!)).toBeGreaterThan(0.8);
  expect(succeeded(empty).faces).toEqual([]);
});

test('faces are followed in a part of the photo as they are in the whole', async () => {
  const pipeline = await startPipeline();
  const plain = await sharp(photo).resize(900).jpeg({ quality: 90 }).toBuffer();
  // The same pixels, in a file that is decoded as a whole.
  const exif = Buffer.from(
    ['ffe10022457869660000', '49492a0008000000', '0100', '120103000100000001000000', '00000000'].join(''),
    'hex',
  );
  exif.writeUInt16BE(exif.length - 2, 2);
  const whole = Buffer.concat([plain.subarray(0, 2), exif, plain.subarray(2)]);
  const before = succeeded(await pipeline.analyse(plain)).faces;
  expect(before.length).toBeGreaterThan(1);
  const decodePart = createPartDecoder({ maxPixels: 4e6, maxSidePx: null });
  const boxes = before.map(({ box }) => box);
  expect([plain, whole].map((jpeg) => decodePart(jpeg, boxes) === null)).toEqual([false, true]);
  for (const share of [0, 0.05, 0.1, 0.3, 0.5]) {
    const follow = before.map(({ box }) => shifted(box, share));
    for (const embed of [true, 'new'] as const) {
      const [inPart, inWhole] = await Promise.all(
        [plain, whole].map((jpeg) => pipeline.analyse(jpeg, { follow, embed })),
      );
      expect(succeeded(inPart!).faces).toEqual(succeeded(inWhole!).faces);
    }
  }
});

test('a face that stays is aligned by the landmarks that were seen there, and one that has moved by those of its own box', async () => {
  const pipeline = await startPipeline();
  const before = succeeded(await pipeline.analyse(photo, { crop: true })).faces;
  const follow = before.map(({ box }) => box);
  const after = succeeded(await pipeline.analyse(photo, { follow, crop: true })).faces;
  const stayed = after.filter(({ box, followed }) => overlap(box, follow[followed!]!) >= 0.9);
  expect(stayed.length).toBeGreaterThan(0);
  // What was looked at is the box before, which that crop is of.
  for (const { crop, followed } of stayed) expect(crop).toEqual(before[followed!]!.crop);

  const away = follow.map((box) => shifted(box, 0.2));
  const moved = succeeded(await pipeline.analyse(photo, { follow: away, crop: true })).faces;
  let compared = 0;
  for (const { crop, box, followed } of moved) {
    const [again] = succeeded(await pipeline.analyse(photo, { follow: [box], crop: true })).faces;
    if (overlap(box, away[followed!]!) >= 0.9 || overlap(box, again!.box) < 0.9) continue;
    compared += 1;
    expect(crop).toEqual(again!.crop);
  }
  expect(compared).toBeGreaterThan(0);
});
