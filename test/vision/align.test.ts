import { expect, test } from 'vitest';
import { alignFace, cropSide, fitSimilarity } from '../../src/vision/align.ts';
import { createPictures } from '../../src/vision/area.ts';
import type { Landmarks, Point } from '../../src/vision/contract.ts';
import { seededRandom } from '../../src/lib/random.ts';

/** The landmarks of a face that already lies as the crop wants it. */
const upright: Landmarks = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** Turns, scales and shifts the landmarks. */
function moved(scale: number, degrees: number, shiftX: number, shiftY: number): Landmarks {
  const a = scale * Math.cos((degrees * Math.PI) / 180);
  const b = scale * Math.sin((degrees * Math.PI) / 180);
  return upright.map(([x, y]): Point => [
    a * x - b * y + shiftX,
    b * x + a * y + shiftY,
  ]) as unknown as Landmarks;
}

/** A photo whose red, green and blue are what the function gives for the pixel. */
function paint(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly [number, number, number],
) {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  }
  return createPictures()({ width, height, data });
}

const level = (value: number | undefined) => value! * 128 + 127.5;
const plane = cropSide * cropSide;

test('finds the similarity that points were moved by', () => {
  const { a, b, tx, ty } = fitSimilarity(upright, moved(2, 30, 7, -5));
  expect(a).toBeCloseTo(2 * Math.cos(Math.PI / 6), 6);
  expect(b).toBeCloseTo(2 * Math.sin(Math.PI / 6), 6);
  expect([tx, ty].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([7, -5]);
});

test('never mirrors: points that are the mirror image get the best rotation', () => {
  const mirrored = upright.map(([x, y]): Point => [112 - x, y]);
  const { a, b } = fitSimilarity(upright, mirrored);
  expect(Math.hypot(a, b)).toBeLessThan(1);
});

test('a face that already lies right is copied pixel for pixel', () => {
  const random = seededRandom(1);
  const photo = paint(112, 112, () => [random() * 255, random() * 255, random() * 255]);
  const crop = new Float32Array(3 * plane);
  alignFace(photo, upright, crop);
  const original = photo.room(3 * plane);
  photo.sample({ left: 0, top: 0, right: 112, bottom: 112 }, { width: 112, height: 112 });
  crop.forEach((value, i) => expect(value).toBeCloseTo(original[i]!, 3));
});

test.each([
  ['smaller than the crop', 0.6, 0],
  ['turned', 1, 25],
  ['twice as large, turned', 2.2, -40],
  ['five times as large', 5, 10],
])('a face that is %s comes to lie on the template', (_, scale, degrees) => {
  // Red says the column and green the row of the photo, so that each pixel of the crop tells where it was
  // taken from.
  const photo = paint(750, 750, (x, y) => [x / 3, y / 3, 0]);
  const landmarks = moved(scale, degrees, 120, 150);
  const crop = new Float32Array(3 * plane);
  alignFace(photo, landmarks, crop);
  const { a, b, tx, ty } = fitSimilarity(upright, landmarks);
  for (const [u, v] of [
    [40, 52],
    [73, 51],
    [56, 72],
    [20, 90],
    [100, 30],
  ] as const) {
    const x = a * u - b * v + tx;
    const y = b * u + a * v + ty;
    expect(level(crop[v * cropSide + u]) * 3).toBeGreaterThan(x - 4);
    expect(level(crop[v * cropSide + u]) * 3).toBeLessThan(x + 4);
    expect(level(crop[plane + v * cropSide + u]) * 3).toBeGreaterThan(y - 4);
    expect(level(crop[plane + v * cropSide + u]) * 3).toBeLessThan(y + 4);
  }
});

test('the noise of a large face is averaged out', () => {
  const random = seededRandom(2);
  const photo = paint(600, 600, () => {
    const grey = 100 + random() * 60;
    return [grey, grey, grey];
  });
  const spread = (scale: number) => {
    const crop = new Float32Array(3 * plane);
    alignFace(photo, moved(scale, 0, 20, 20), crop);
    const inner = [...crop.subarray(0, plane)].map(level);
    const mean = inner.reduce((sum, value) => sum + value, 0) / plane;
    return Math.sqrt(inner.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane);
  };
  expect(spread(5)).toBeLessThan(spread(1) / 4);
});

test('what lies beyond the photo is black', () => {
  const photo = paint(200, 200, () => [255, 255, 255]);
  const crop = new Float32Array(3 * plane);
  alignFace(photo, moved(1, 0, -60, 0), crop);
  expect(level(crop[50 * cropSide + 10])).toBeCloseTo(0, 3);
  expect(level(crop[50 * cropSide + 100])).toBeCloseTo(255, 3);
  alignFace(photo, moved(1, 0, 500, 500), crop);
  expect(crop.every((value) => value === Math.fround(-127.5 / 128))).toBe(true);
});

test('writes nothing but its own place', () => {
  const photo = paint(112, 112, () => [1, 2, 3]);
  const out = new Float32Array(3 * plane + 20).fill(7);
  alignFace(photo, upright, out, 10);
  expect([...out.subarray(0, 10), ...out.subarray(-10)]).toEqual(Array.from({ length: 20 }, () => 7));
});
