import { expect, it } from 'vitest';
import { isWithin, lossOf } from '../../src/evaluate/within-bound.ts';

const figures = (accuracy: number | null, fnmr: number | null) => ({
  accuracy,
  fta: 0,
  fnmr_at_fmr: { '0.01': fnmr, '0.001': fnmr },
});

it('looks at accuracy and FNMR, each for itself', () => {
  const exact = figures(0.998, 0.01);
  expect(isWithin(lossOf(exact, figures(0.996, 0.012))!, 0.002)).toBe(true);
  expect(isWithin(lossOf(exact, figures(0.995, 0.01))!, 0.002)).toBe(false);
  expect(isWithin(lossOf(exact, figures(0.999, 0.013))!, 0.002)).toBe(false);
  expect(isWithin(lossOf(exact, figures(0.999, 0.009))!, 0)).toBe(true);
});

it('tells nothing of too few pairs', () => {
  expect(lossOf(figures(null, null), figures(0.9, 0.1))).toBeNull();
});
