import sharp, { type Sharp } from 'sharp';
import type { Gate } from '../../src/decide/contract.ts';
import type { Box, Quality } from '../../src/vision/contract.ts';

/** A photo that is to get worse, and the face in it that counts. */
export interface Good {
  readonly photo: Buffer;
  readonly width: number;
  /** Inside the photo, whole pixels of it. */
  readonly face: Box;
}

/** A way in which photos get worse, step by step. */
export interface Way {
  readonly name: string;
  /** What a step says. */
  readonly unit: string;
  /** The gate that is there for it. */
  readonly gate: Gate;
  readonly measure: (quality: Quality) => number | null;
  readonly steps: readonly number[];
  /** The photo after a step. */
  readonly worse: (good: Good, step: number) => Sharp;
}

const grey = { r: 127, g: 127, b: 127 };

export const ways: readonly Way[] = [
  {
    name: 'blur',
    unit: 'sigma, % of the face',
    gate: 'sharpness',
    measure: ({ sharpness }) => sharpness,
    steps: [1, 2, 3, 4, 6],
    worse: ({ photo, face: [left, , right] }, step) => sharp(photo).blur(((right - left) * step) / 100),
  },
  {
    name: 'dark',
    unit: '% of the light',
    gate: 'exposure',
    measure: ({ brightness }) => brightness,
    steps: [50, 25, 12, 6],
    worse: ({ photo }, step) => sharp(photo).linear(step / 100),
  },
  {
    name: 'overexposed',
    unit: '% of the light',
    gate: 'exposure',
    measure: ({ clipped }) => clipped,
    steps: [150, 200, 300, 400],
    worse: ({ photo }, step) => sharp(photo).linear(step / 100),
  },
  {
    name: 'small',
    unit: 'width of the face, px',
    gate: 'size',
    measure: ({ size_px }) => size_px,
    steps: [64, 48, 40, 32, 24],
    worse: ({ photo, width, face: [left, , right] }, step) =>
      sharp(photo).resize({ width: Math.round((width * step) / (right - left)) }),
  },
  {
    name: 'tilted',
    unit: 'degrees',
    gate: 'roll',
    measure: ({ roll_deg }) => Math.abs(roll_deg),
    steps: [15, 30, 45, 60, 75],
    worse: ({ photo }, step) => sharp(photo).rotate(step, { background: grey }),
  },
  {
    name: 'covered',
    unit: '% of the face, from the chin',
    gate: 'features',
    measure: ({ features }) => features,
    steps: [15, 25, 35, 45],
    worse: ({ photo, face: [left, top, right, bottom] }, step) => {
      const height = Math.ceil(((bottom - top) * step) / 100);
      const create = { width: right - left, height, channels: 3 as const, background: grey };
      return sharp(photo).composite([{ input: { create }, left, top: bottom - height }]);
    },
  },
];
