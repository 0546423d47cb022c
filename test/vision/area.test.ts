import { expect, test } from 'vitest';
import { createPictures } from '../../src/vision/area.ts';
import type { Image } from '../../src/vision/image.ts';
import { seededRandom } from '../../src/lib/random.ts';

function randomImage(width: number, height: number, seed = 1): Image {
  const random = seededRandom(seed);
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256)),
  };
}

/** Adaptive average pooling as PyTorch defines it, one window after the other. */
function pool(
  image: Image,
  [left, top, right, bottom]: readonly [number, number, number, number],
  width: number,
  height: number,
) {
  const out: number[] = [];
  for (let plane = 0; plane < 3; plane++) {
    for (let v = 0; v < height; v++) {
      for (let u = 0; u < width; u++) {
        const [x1, x2] = [u, u + 1].map((i) => (i * (right - left)) / width);
        const [y1, y2] = [v, v + 1].map((i) => (i * (bottom - top)) / height);
        let sum = 0;
        let count = 0;
        for (let y = top + Math.floor(y1!); y < top + Math.ceil(y2!); y++) {
          for (let x = left + Math.floor(x1!); x < left + Math.ceil(x2!); x++) {
            sum += image.data[(y * image.width + x) * 3 + plane]!;
            count++;
          }
        }
        out.push((sum / count - 127.5) / 128);
      }
    }
  }
  return out;
}

test.each([
  ['reduced', [0, 0, 97, 61], 31, 20],
  ['a part of it', [13, 7, 90, 60], 24, 24],
  ['enlarged', [40, 30, 51, 38], 24, 24],
  ['as it is', [0, 0, 97, 61], 97, 61],
  ['one pixel of all', [0, 0, 97, 61], 1, 1],
] as const)('means over the windows of adaptive average pooling: %s', (_, corners, width, height) => {
  const image = randomImage(97, 61);
  const [left, top, right, bottom] = corners;
  const picture = createPictures()(image);
  const out = picture.room(3 * width * height + 10).fill(9);
  picture.sample({ left, top, right, bottom }, { width, height }, 5);
  expect([...out.subarray(0, 5), ...out.subarray(-5)]).toEqual(Array.from({ length: 10 }, () => 9));
  pool(image, corners, width, height).forEach((value, i) => expect(out[i + 5]).toBeCloseTo(value, 6));
});

test('the rows that are wanted, as they are in the whole', () => {
  const picture = createPictures()(randomImage(97, 61));
  const whole = { left: 3, top: 2, right: 97, bottom: 61 };
  const all = picture.room(3 * 31 * 20).slice();
  picture.sample(whole, { width: 31, height: 20 });
  all.set(picture.room(all.length));
  const some = picture.room(3 * 31 * 4);
  picture.sample(whole, { width: 31, height: 20, firstRow: 16, rows: 4 });
  for (let plane = 0; plane < 3; plane++) {
    const from = (plane * 20 + 16) * 31;
    expect(some.subarray(plane * 4 * 31, (plane + 1) * 4 * 31)).toEqual(all.subarray(from, from + 4 * 31));
  }
});

test('windows of more pixels than 16 bits can sum up', () => {
  const white: Image = {
    width: 3000,
    height: 3000,
    data: new Uint8Array(3000 * 3000 * 3).fill(255),
  };
  const picture = createPictures()(white);
  const out = picture.room(3 * 4);
  picture.sample({ left: 0, top: 0, right: 3000, bottom: 3000 }, { width: 2, height: 2 });
  for (const value of out) expect(value).toBeCloseTo(127.5 / 128, 6);
});

test('a picture in memory that was used before is that of the new photo', () => {
  const pictureOf = createPictures();
  const meansOf = (make: typeof pictureOf, image: Image) => {
    const picture = make(image);
    const out = picture.room(3 * 5 * 5);
    picture.sample({ left: 0, top: 0, right: image.width, bottom: image.height }, { width: 5, height: 5 });
    return out.slice();
  };
  const [large, small] = [randomImage(60, 50, 1), randomImage(20, 30, 2)];
  for (const image of [large, small, large])
    expect(meansOf(pictureOf, image)).toEqual(meansOf(createPictures(), image));
});
