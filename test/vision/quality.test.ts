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
  // The kernel's response to noise has (1 + 1 + 1 + 1 + 16) times its variance, here at a contrast of 40.
  const noisy = (x: number, y: number) => noise[y * cropSide + x]!;
  expect(sharp(noisy) / (20 * 40 ** 2)).toBeCloseTo(1, 1);
  // The same in half the light is as sharp.
  expect(sharp((x, y) => noisy(x, y) / 2) / sharp(noisy)).toBeCloseTo(1, 3);
});

const poseOf = (landmarks: Landmarks) => measureQuality(face({ landmarks }), flat, 640, 480);

/** Five points of a head, in distances between the eyes; z comes towards the camera. */
const head = [
  [-0.5, -0.572, 0],
  [0.5, -0.572, 0],
  [0, 0, 0.6],
  [-0.42, 0.585, 0],
  [0.42, 0.585, 0],
] as const;

/** The head seen from afar, turned about the vertical axis, then the horizontal, then in the plane; degrees. */
function seen({ yaw = 0, pitch = 0, roll = 0 }): Landmarks {
  const [a, b, c] = [yaw, pitch, -roll].map((angle) => (angle * Math.PI) / 180) as [number, number, number];
  return head.map(([x, y, z]) => {
    const [x1, z1] = [x * Math.cos(a) + z * Math.sin(a), z * Math.cos(a) - x * Math.sin(a)];
    const y1 = y * Math.cos(b) + z1 * Math.sin(b);
    const [u, v] = [x1 * Math.cos(c) - y1 * Math.sin(c), x1 * Math.sin(c) + y1 * Math.cos(c)];
    return [300 + 60 * u, 200 + 60 * v];
  }) as unknown as Landmarks;
}

test.each([
  { yaw: 0, pitch: 0, roll: 0 },
  { yaw: 30, pitch: 0, roll: 0 },
  { yaw: -30, pitch: 0, roll: 25 },
  { yaw: 0, pitch: 20, roll: 0 },
  { yaw: 0, pitch: -20, roll: -40 },
  { yaw: 15, pitch: 15, roll: 10 },
])('the pose of a head that is turned by $yaw°, nods by $pitch° and is tilted by $roll°', (pose) => {
  const quality = poseOf(seen(pose));
  // Turned to the side and nodding at once, the angles mix a little.
  expect(Math.abs(quality.yaw_deg - pose.yaw)).toBeLessThan(3);
  expect(Math.abs(quality.pitch_deg - pose.pitch)).toBeLessThan(3);
  expect(Math.abs(quality.roll_deg - pose.roll)).toBeLessThan(5);
});

test('a tilt changes no other angle', () => {
  const tilted = frontal.map(([x, y]) => [0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y]) as unknown as Landmarks;
  const upright = poseOf(frontal);
  expect(poseOf(tilted).yaw_deg).toBeCloseTo(0, 6);
  expect(poseOf(tilted).pitch_deg).toBeCloseTo(upright.pitch_deg, 6);
  expect(upright.roll_deg).toBeCloseTo(0, 6);
  // Clockwise in the photo is towards the person's left shoulder.
  expect(poseOf(tilted).roll_deg).toBeCloseTo(-36.87, 2);
});

test.each([
  ["the photo's right", 15, 32],
  ["the photo's left", -15, -32],
])('yaw is the turn to %s', (_, noseShift, degrees) => {
  const [left, right, [noseX, noseY], leftMouth, rightMouth] = frontal;
  const landmarks: Landmarks = [left, right, [noseX + noseShift, noseY], leftMouth, rightMouth];
  expect(poseOf(landmarks).yaw_deg).toBeCloseTo(degrees, 0);
});
