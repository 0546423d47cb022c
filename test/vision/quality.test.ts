import { expect, test } from 'vitest';
import { cropSide } from '../../src/vision/align.ts';
import type { DetectedFace, Landmarks } from '../../src/vision/contract.ts';
import { measureQuality } from '../../src/vision/quality.ts';
import { seededRandom } from '../../src/lib/random.ts';

const frontal: Landmarks = [
  [130, 140],
  [170, 140],
  [150, 162],
  [135, 185],
  [165, 185],
];

function face(changes: Partial<DetectedFace> = {}): DetectedFace {
  return { box: [100, 100, 200, 230], probability: 1, landmarks: frontal, ...changes };
}

/** An aligned crop whose grey level is what the function gives. */
function crop(grey: (x: number, y: number) => number): Float32Array {
  const plane = Array.from(
    { length: cropSide * cropSide },
    (_, i) => (grey(i % cropSide, Math.floor(i / cropSide)) - 127.5) / 128,
  );
  return Float32Array.from([...plane, ...plane, ...plane]);
}

const flat = crop(() => 100);

test('size is the shorter side of the box', () => {
  expect(measureQuality(face(), flat, 640, 480).size_px).toBe(100);
});

test('the share inside the photo', () => {
  const share = (box: DetectedFace['box']) => measureQuality(face({ box }), flat, 640, 480).inside;
  expect(share([0, 0, 100, 100])).toBe(1);
  expect(share([-50, 0, 50, 100])).toBe(0.5);
  expect(share([590, 430, 690, 530])).toBe(0.25);
});

test('brightness is the mean level, clipped the share of black and white', () => {
  const quality = measureQuality(
    face(),
    crop((x) => (x < 28 ? 0 : x < 56 ? 255 : 100)),
    640,
    480,
  );
  expect(quality.brightness).toBeCloseTo((0 + 255 + 200) / 4, 3);
  expect(quality.clipped).toBeCloseTo(0.5, 6);
});

test('sharpness grows with detail and is nothing without it', () => {
  const random = seededRandom(3);
  const noise = Float32Array.from({ length: cropSide ** 2 }, () => random() * 40 + 100);
  const sharp = (grey: (x: number, y: number) => number) =>
    measureQuality(face(), crop(grey), 640, 480).sharpness;
  expect(sharp(() => 100)).toBeCloseTo(0, 3);
  // A ramp has a slope and no detail.
  expect(sharp((x) => 2 * x)).toBeCloseTo(0, 2);
  // Variance of the kernel's response to noise of 40/√12: (1 + 1 + 1 + 1 + 16) · 40²/12.
  const measured = sharp((x, y) => noise[y * cropSide + x]!);
  expect(measured / ((20 * 1600) / 12)).toBeCloseTo(1, 1);
});

test('yaw is nothing for a frontal face, however it is tilted', () => {
  expect(measureQuality(face(), flat, 640, 480).yaw_deg).toBeCloseTo(0, 6);
  const tilted = frontal.map(([x, y]) => [0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y]) as unknown as Landmarks;
  expect(measureQuality(face({ landmarks: tilted }), flat, 640, 480).yaw_deg).toBeCloseTo(0, 6);
});

test.each([
  ["the photo's right", 15, 32],
  ["the photo's left", -15, -32],
])('yaw is the turn to %s', (_, noseShift, degrees) => {
  const [left, right, [noseX, noseY], leftMouth, rightMouth] = frontal;
  const landmarks: Landmarks = [left, right, [noseX + noseShift, noseY], leftMouth, rightMouth];
  expect(measureQuality(face({ landmarks }), flat, 640, 480).yaw_deg).toBeCloseTo(degrees, 0);
});
