import { beforeAll, describe, expect, it } from 'vitest';
import sharp, { type JpegOptions } from 'sharp';
import { createJpegSplitter } from '../../../src/capture/camera/split.ts';
import { seededRandom } from '../../../src/lib/random.ts';

const random = seededRandom(11);
const whole = (max: number) => Math.floor(random() * max);
const bytes = (length: number) => Buffer.from(Array.from({ length }, () => whole(256)));

/** What comes later in a stream: what looked like a beginning is waited for up to the size of the largest frame. */
const later = Buffer.alloc(200_000);

/** Noise of the seed's, so that each run has the same photos: garbage before other ones may look like a frame that holds the next. */
const photo = (width: number, options: JpegOptions = {}) =>
  sharp(bytes(width * 48 * 3), { raw: { width, height: 48, channels: 3 } })
    .blur(1)
    .jpeg(options)
    .toBuffer();

let photos: Buffer[] = [];
beforeAll(async () => {
  const small = await photo(32);
  const large = await photo(200);
  // A thumbnail inside of a photo, as Exif has it: a whole JPEG in a segment.
  const segment = Buffer.concat([
    Buffer.from([0xff, 0xe1, (small.length + 2) >> 8, (small.length + 2) & 255]),
    small,
  ]);
  const withThumbnail = Buffer.concat([large.subarray(0, 2), segment, large.subarray(2)]);
  photos = [
    small,
    large,
    withThumbnail,
    await photo(90, { progressive: true }),
    await photo(64, { quality: 30 }),
  ];
});

/** What comes out of a stream that arrives in chunks of these sizes. */
function split(stream: Buffer, chunk: () => number = () => 4096, maxBytes = 100_000) {
  const frames: Buffer[] = [];
  const before: string[] = [];
  const splitter = createJpegSplitter({
    maxBytes,
    onFrame(jpeg, head) {
      frames.push(jpeg);
      before.push(head.toString('latin1'));
    },
  });
  for (let at = 0; at < stream.length;) {
    const size = Math.max(1, chunk());
    splitter.push(stream.subarray(at, at + size));
    at += size;
  }
  return { frames, before };
}

describe('the MJPEG splitter', () => {
  it('finds the frames whatever the chunks are', () => {
    const stream = Buffer.concat(photos);
    for (const chunk of [() => 1, () => 2, () => 7, () => 1 + whole(3000), () => stream.length])
      expect(split(stream, chunk).frames).toEqual(photos);
  });

  it('takes no thumbnail for a frame', () => {
    expect(split(photos[2]!).frames).toEqual([photos[2]]);
  });

  it('gives the headers of each part over HTTP', () => {
    const part = (jpeg: Buffer, n: number) =>
      Buffer.concat([Buffer.from(`--b\r\nContent-Type: image/jpeg\r\nX-Timestamp: ${n}\r\n\r\n`), jpeg]);
    const { frames, before } = split(Buffer.concat(photos.map(part)), () => 100);
    expect(frames).toEqual(photos);
    expect(before.map((head) => /X-Timestamp: (\d)/.exec(head)?.[1])).toEqual(['0', '1', '2', '3', '4']);
  });

  it('skips a frame that is cut short, and takes the next', () => {
    const [small, large] = [photos[0]!, photos[1]!];
    for (let n = 0; n < 40; n += 1) {
      const cut = large.subarray(0, 1 + whole(large.length - 2));
      expect(
        split(Buffer.concat([small, cut, small, small, later]), () => 1 + whole(500)).frames.at(-1),
      ).toEqual(small);
    }
    const late = large.subarray(0, large.length - 100);
    expect(split(Buffer.concat([late, small, large])).frames).toEqual([small, large]);
  });

  it('finds its way through garbage, and never throws', () => {
    for (let n = 0; n < 60; n += 1) {
      const parts = photos.flatMap((each) => [
        bytes(whole(400)),
        Buffer.from([0xff, 0xd8, 0xff, whole(256)]),
        bytes(whole(50)),
        each,
      ]);
      const { frames } = split(
        Buffer.concat([...parts, photos[0]!, photos[1]!, later]),
        () => 1 + whole(2000),
      );
      for (const frame of frames) {
        expect([...frame.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
        expect([...frame.subarray(-2)]).toEqual([0xff, 0xd9]);
      }
      expect(frames.at(-1)).toEqual(photos[1]);
    }
  });

  it('survives any damage to a stream', () => {
    for (let n = 0; n < 100; n += 1) {
      const stream = Buffer.concat([...photos, ...photos]);
      for (let i = 0; i < 20; i += 1) stream[whole(stream.length)] = whole(256);
      const { frames } = split(Buffer.concat([stream, photos[0]!, photos[1]!]), () => 1 + whole(5000));
      for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(100_000);
    }
  });

  it('drops a frame that is too large, and takes the next', () => {
    const [small, large] = [photos[0]!, photos[1]!];
    const limit = small.length;
    expect(split(Buffer.concat([large, small, large, small]), () => 300, limit).frames).toEqual([
      small,
      small,
    ]);
    // One without an end takes no memory.
    const endless = Buffer.concat([large.subarray(0, large.length - 2), Buffer.alloc(1_000_000, 1)]);
    expect(split(Buffer.concat([endless, small]), () => 10_000, limit).frames).toEqual([small]);
  });

  it('is not kept busy by bytes that are made to', () => {
    const starts = Buffer.alloc(1_000_000, Buffer.from([0xff, 0xd8, 0xff]));
    const segments = Buffer.concat([
      Buffer.from([0xff, 0xd8]),
      Buffer.alloc(1_000_000, Buffer.from([0xff, 0xe0, 0, 2])),
    ]);
    const half = Buffer.alloc(1_000_000, Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 2]));
    for (const hostile of [starts, segments, half])
      expect(split(Buffer.concat([hostile, photos[0]!]), () => 65_536).frames.length).toBeLessThanOrEqual(1);
  }, 10_000);
});
