import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { loadPack } from '../../src/models/load.ts';
import {
  distance,
  overlap,
  pipelineOptions,
  samplePhoto,
  similarity,
  startPipeline,
  succeeded,
} from './support.ts';

/** A smaller, lossless sample: the same pixels come out of each container. */
const small = await samplePhoto(1).then((photo) => sharp(photo).resize(960).png().toBuffer());

test('finds and embeds the faces of a photo', async () => {
  const pipeline = await startPipeline();
  const result = succeeded(await pipeline.analyse(await samplePhoto(1)));
  expect([result.width, result.height]).toEqual([1920, 1280]);
  const expected = [
    [412, 355.7, 601.1, 605.2],
    [1476.5, 213.9, 1682.1, 440.7],
    [837.9, 426.4, 1036.9, 659.8],
  ] as const;
  expect(result.faces).toHaveLength(3);
  result.faces.forEach((face, i) => {
    expect(overlap(face.box, expected[i]!)).toBeGreaterThan(0.97);
    expect(face.probability).toBeGreaterThan(0.999);
    expect(face.embedding).toHaveLength(192);
    expect(similarity(face.embedding, face.embedding)).toBeCloseTo(1, 5);
  });
  const eyes = result.faces[0]!.landmarks.slice(0, 2);
  expect(distance(eyes[0]!, [439.9, 461.1])).toBeLessThan(3);
  expect(distance(eyes[1]!, [518.3, 460.2])).toBeLessThan(3);
  const [turned, frontal] = result.faces.map(({ quality }) => quality);
  expect(turned!.size_px).toBeCloseTo(189, -1);
  expect(turned!.yaw_deg).toBeLessThan(-15);
  expect(Math.abs(frontal!.yaw_deg)).toBeLessThan(5);
  expect(frontal!.inside).toBe(1);

  const { queue, ...stages } = result.latency_ms;
  expect(queue).toBeLessThan(stages.decode);
  for (const ms of Object.values(stages)) expect(ms).toBeGreaterThan(0);
  expect(result.inference_ms).toBeGreaterThan(0);
  expect(result.inference_ms).toBeLessThan(stages.detect + stages.align + stages.embed);
});

test('photos that are given at once have the faces that each has alone, in their order, and no time is missing', async () => {
  const pipeline = await startPipeline();
  const photos = [small, await samplePhoto(6), small];
  const alone: ReturnType<typeof succeeded>[] = [];
  for (const photo of photos) alone.push(succeeded(await pipeline.analyse(photo)));
  const order: number[] = [];
  const started = performance.now();
  const together = await Promise.all(
    photos.map(async (photo, i) => {
      const result = succeeded(await pipeline.analyse(photo));
      order.push(i);
      return { result, ms: performance.now() - started };
    }),
  );
  expect(order).toEqual([0, 1, 2]);
  together.forEach(({ result, ms }, i) => {
    expect(result.faces).toEqual(alone[i]!.faces);
    const { queue, decode, detect, align, embed } = result.latency_ms;
    const before = together[i - 1]?.ms ?? 0;
    expect(Math.abs(queue - before)).toBeLessThan(0.1 * ms);
    expect(Math.abs(ms - (queue + decode + detect + align + embed))).toBeLessThan(0.1 * ms);
  });
});

test('a person on two photos is alike, two people are not', async () => {
  const pipeline = await startPipeline();
  const [, person] = succeeded(await pipeline.analyse(await samplePhoto(1))).faces;
  const [same, ...others] = succeeded(await pipeline.analyse(await samplePhoto(3))).faces;
  expect(similarity(person!.embedding, same!.embedding)).toBeGreaterThan(0.7);
  for (const other of others) {
    expect(similarity(person!.embedding, other.embedding)).toBeLessThan(pipeline.info.threshold);
  }
});

test('the mirror image makes an embedding and a fingerprint of its own', async () => {
  const [plain, mirrored] = [await startPipeline(), await startPipeline({ flip: true })];
  const [once, both] = await Promise.all(
    [plain, mirrored].map(async (pipeline) => succeeded(await pipeline.analyse(small)).faces),
  );
  once!.forEach((face, i) => {
    const alike = similarity(face.embedding, both![i]!.embedding);
    expect(alike).toBeGreaterThan(0.9);
    expect(alike).toBeLessThan(0.9999);
  });
  const pack = await loadPack(pipelineOptions.modelsDir, 'edge');
  expect(plain.info.fingerprint).toBe(pack.fingerprint);
  expect(mirrored.info.fingerprint).toMatch(/^edge@sha256:[0-9a-f]{64}$/);
  expect(mirrored.info.fingerprint).not.toBe(pack.fingerprint);

  // The mirror image of a photo has the same embedding, as its mirror image is the photo.
  const turned = succeeded(await mirrored.analyse(await sharp(small).flop().png().toBuffer())).faces;
  const alike = both!.map((face) =>
    Math.max(...turned.map(({ embedding }) => similarity(face.embedding, embedding))),
  );
  for (const value of alike) expect(value).toBeGreaterThan(0.95);
});

test('shrinking a photo changes neither where a face is nor whose it is', async () => {
  const photo = await samplePhoto(6);
  const [whole, shrunk] = await Promise.all(
    [null, 1280].map(async (maxSidePx) =>
      succeeded(await (await startPipeline({ maxSidePx })).analyse(photo)),
    ),
  );
  expect([shrunk!.width, shrunk!.height]).toEqual([whole!.width, whole!.height]);
  expect(shrunk!.faces).toHaveLength(whole!.faces.length);
  for (const face of whole!.faces) {
    const same = shrunk!.faces.find(({ box }) => overlap(box, face.box) > 0.8)!;
    expect(similarity(face.embedding, same.embedding)).toBeGreaterThan(0.85);
  }
});

test('the smallest face to find is in pixels of the photo, not of the shrunk one', async () => {
  const photo = await samplePhoto(1);
  const pipeline = await startPipeline({ maxSidePx: 480, minFacePx: 1000 });
  expect(succeeded(await pipeline.analyse(photo, { embed: false })).faces).toHaveLength(0);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'EXIF orientation %i gives the faces of the upright photo',
  async (orientation) => {
    const pipeline = await startPipeline();
    const upright = await sharp(await sharp(small).withMetadata({ orientation }).png().toBuffer(), {
      autoOrient: true,
    })
      .png()
      .toBuffer();
    const marked = await sharp(small).withMetadata({ orientation }).png().toBuffer();
    const expected = succeeded(await pipeline.analyse(upright));
    const result = succeeded(await pipeline.analyse(marked));
    expect([result.width, result.height]).toEqual(orientation < 5 ? [960, 640] : [640, 960]);
    expect(result.faces).toEqual(expected.faces);
  },
);

test.each<[string, (image: Sharp) => Sharp]>([
  ['grey', (image) => image.greyscale().jpeg()],
  ['16-bit', (image) => image.toColourspace('rgb16').png()],
  ['CMYK', (image) => image.toColourspace('cmyk').jpeg()],
  ['half transparent', (image) => image.ensureAlpha(0.7).png()],
  ['palette', (image) => image.png({ palette: true })],
  ['WebP', (image) => image.webp()],
  ['AVIF', (image) => image.avif({ effort: 0 })],
])('%s: the same faces of the same people', async (_, encode) => {
  const pipeline = await startPipeline();
  const expected = succeeded(await pipeline.analyse(small)).faces;
  const { faces } = succeeded(await pipeline.analyse(await encode(sharp(small)).toBuffer()));
  expect(faces).toHaveLength(expected.length);
  for (const face of expected) {
    const same = faces.find(({ box }) => overlap(box, face.box) > 0.8)!;
    expect(similarity(face.embedding, same.embedding)).toBeGreaterThan(0.75);
  }
});

test('detects without embedding', async () => {
  const pipeline = await startPipeline();
  const { faces } = succeeded(await pipeline.analyse(small, { embed: false }));
  expect(faces).toHaveLength(3);
  for (const { embedding } of faces) expect(embedding).toHaveLength(0);
});

test.each([
  [1, 1],
  [1, 10_000],
  [11, 11],
  [400, 300],
])('no face on an empty picture of %i×%i', async (width, height) => {
  const pipeline = await startPipeline({ minFacePx: 12 });
  const empty = await sharp({ create: { width, height, channels: 3, background: 'grey' } })
    .png()
    .toBuffer();
  expect(succeeded(await pipeline.analyse(empty)).faces).toEqual([]);
});

test('a picture made of faces is bounded in time and number', async () => {
  const face = await sharp(await samplePhoto(1))
    .extract({ left: 380, top: 330, width: 250, height: 300 })
    .resize(24, 29)
    .png()
    .toBuffer();
  const crowd = await sharp({ create: { width: 1200, height: 900, channels: 3, background: 'grey' } })
    .composite([{ input: face, tile: true }])
    .png()
    .toBuffer();
  const pipeline = await startPipeline({ minFacePx: 20 });
  expect(succeeded(await pipeline.analyse(crowd, { embed: false })).faces).toHaveLength(256);
});

test('a photo that is refused is a result', async () => {
  const pipeline = await startPipeline({ maxPixels: 1e6 });
  expect(await pipeline.analyse(Buffer.from('no image'))).toMatchObject({
    ok: false,
    failure: 'not_an_image',
  });
  expect(await pipeline.analyse(await samplePhoto(1))).toMatchObject({
    ok: false,
    failure: 'too_many_pixels',
  });
});
