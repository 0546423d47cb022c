import { expect, test } from 'vitest';
import { createAreaTables, sampleArea } from '../../src/vision/area.ts';
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
  const out = new Float32Array(3 * width * height + 5).fill(9);
  sampleArea(createAreaTables()(image), { left, top, right, bottom }, { width, height }, out, 5);
  expect([...out.subarray(0, 5)]).toEqual([9, 9, 9, 9, 9]);
  pool(image, corners, width, height).forEach((value, i) => expect(out[i + 5]).toBeCloseTo(value, 6));
});

test('sums that wrap at 32 bits still give the right means', () => {
  const white: Image = {
    width: 3000,
    height: 3000,
    data: new Uint8Array(3000 * 3000 * 3).fill(255),
  };
  const table = createAreaTables()(white);
  expect(table.sums.at(-1)).toBeLessThan(0);
  const out = new Float32Array(3 * 16);
  sampleArea(table, { left: 0, top: 0, right: 3000, bottom: 3000 }, { width: 4, height: 4 }, out);
  for (const value of out) expect(value).toBeCloseTo(127.5 / 128, 6);
});

test('a table in memory that was used before is that of the new photo', () => {
  const areaTable = createAreaTables();
  areaTable(randomImage(60, 50, 1));
  const small = randomImage(20, 30, 2);
  const again = areaTable(small);
  expect(again.sums).toEqual(createAreaTables()(small).sums);
});
