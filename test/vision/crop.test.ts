import { describe, expect, it } from 'vitest';
import { cropperOf, cutWithMargin } from '../../src/vision/crop.ts';
import { resampleNearestTwo, resampleTriangle } from '../../src/vision/resample.ts';
import type { Image } from '../../src/vision/image.ts';

function grey(rows: readonly (readonly number[])[]): Image {
  const data = Uint8Array.from(rows.flat().flatMap((level) => [level, level, level]));
  return { width: rows[0]!.length, height: rows.length, data };
}
const one = (pixels: Uint8Array) => Array.from({ length: pixels.length / 3 }, (_, i) => pixels[3 * i]);
const whole = ({ width, height }: Image) => ({ left: 0, top: 0, right: width, bottom: height });

describe('resampling', () => {
  const image = grey([
    [0, 40, 80, 120],
    [0, 40, 80, 120],
    [100, 100, 100, 100],
    [200, 200, 200, 200],
  ]);

  it('with a triangle averages what is made smaller, as Pillow does', () => {
    // Over 4 pixels with the weights 1, 3, 3, 1 of 8, of which the edge leaves [3, 3, 1] / 7: rows of 29 and 91 at first.
    expect(one(resampleTriangle(image, whole(image), 2))).toEqual([39, 92, 133, 142]);
    expect(one(resampleTriangle(image, whole(image), 4))).toEqual([
      0, 40, 80, 120, 0, 40, 80, 120, 100, 100, 100, 100, 200, 200, 200, 200,
    ]);
  });

  it('between the nearest two does not, as OpenCV does not', () => {
    expect(one(resampleNearestTwo(image, whole(image), 2))).toEqual([20, 100, 150, 150]);
    const larger = one(resampleNearestTwo(grey([[0, 100]]), { left: 0, top: 0, right: 2, bottom: 1 }, 4));
    expect(larger.slice(0, 4)).toEqual([0, 25, 75, 100]);
  });
});

describe('the crop of facenet-pytorch', () => {
  const image: Image = {
    width: 300,
    height: 200,
    data: Uint8Array.from({ length: 300 * 200 * 3 }, (_, i) =>
      i % 3 === 0 ? (Math.floor(i / 3) % 300) >> 1 : 128,
    ),
  };

  it('has the margin around the box, in the planes R, G, B, normalised', () => {
    const out = new Float32Array(3 * 160 * 160);
    cutWithMargin(image, [100, 50, 230, 115], 160, 30, out);
    // 15 of 130 px more on each side: from 85 to 245, whose halves are the red levels.
    expect(out[0]! * 128 + 127.5).toBeCloseTo(42, 0);
    expect(out[159]! * 128 + 127.5).toBeCloseTo(122, 0);
    expect(out[160 * 160]).toBeCloseTo((128 - 127.5) / 128, 6);
  });

  it('ends at the edge of the photo, also where nothing of the box is inside', () => {
    for (const box of [
      [-50, -50, 30, 20],
      [250, 150, 400, 300],
      [310, 210, 330, 230],
      [-40, -40, -10, -10],
    ] as const) {
      const out = new Float32Array(3 * 160 * 160).fill(NaN);
      cutWithMargin(image, box, 160, 30, out);
      expect(out.every((value) => Math.abs(value) <= 1)).toBe(true);
    }
  });
});

it('a preprocessing that is not known is refused', () => {
  expect(() => cropperOf('toString')).toThrow('there is no preprocessing toString');
});
