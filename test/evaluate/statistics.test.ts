import { expect, test } from 'vitest';
import {
  accuracyAt,
  areaUnderCurve,
  bestThreshold,
  equalErrorRate,
  errorRatesAt,
  fnmrAtFmr,
  meanAndDeviation,
  type OperatingPoint,
  type Scores,
} from '../../src/evaluate/statistics.ts';
import { seededRandom } from '../gallery/support.ts';

/** Four mated and five non-mated comparisons; 0.5 and 0.4 occur on both sides. */
const small: Scores = { mated: [0.9, 0.7, 0.5, 0.4], nonMated: [0.5, 0.4, 0.3, 0.2, 0.1] };
const apart: Scores = { mated: [0.8, 0.9], nonMated: [0.1, 0.2] };

/** Scores of two overlapping distributions with few decimals, so that many are equal. */
function randomScores(seed: number): Scores {
  const random = seededRandom(seed);
  const normal = () => random() + random() + random() - 1.5;
  const scores = (count: number, mean: number) =>
    Array.from({ length: count }, () => Number((mean + 0.2 * normal()).toFixed(2)));
  return {
    mated: scores(5 + Math.floor(random() * 60), 0.5),
    nonMated: scores(5 + Math.floor(random() * 60), 0.3),
  };
}

const seeds = Array.from({ length: 25 }, (_, seed) => seed);

test('a comparison matches at or above the threshold', () => {
  expect(errorRatesAt(small, 0.5)).toEqual({ threshold: 0.5, fmr: 1 / 5, fnmr: 1 / 4 });
  expect(errorRatesAt(small, 0.500001)).toMatchObject({ fmr: 0, fnmr: 2 / 4 });
  expect(errorRatesAt(small, -1)).toMatchObject({ fmr: 1, fnmr: 0 });
});

test.each([
  // 0.5 must go: all that lie above it match.
  [0.1, { fmr: 0, fnmr: 2 / 4 }],
  // One of five may stay: 0.4 must go.
  [0.2, { fmr: 1 / 5, fnmr: 1 / 4 }],
  [0.39, { fmr: 1 / 5, fnmr: 1 / 4 }],
  [0.4, { fmr: 2 / 5, fnmr: 0 }],
  [1, { fmr: 1, fnmr: 0 }],
])('FNMR at FMR %d', (fmr, wanted) => {
  expect(fnmrAtFmr(small, fmr)).toMatchObject(wanted);
});

test('the threshold at an FMR is the smallest one, and equal non-mated scores go together', () => {
  const { threshold } = fnmrAtFmr(small, 0.2);
  expect(threshold).toBeGreaterThan(0.4);
  expect(threshold - 0.4).toBeLessThan(1e-15);
  expect(errorRatesAt(small, 0.4).fmr).toBeGreaterThan(0.2);
  expect(fnmrAtFmr({ mated: [0.5], nonMated: [0.3, 0.3, 0.3, 0.1] }, 0.5)).toMatchObject({ fmr: 0, fnmr: 0 });
  // 29 of 100 is 0.29, whatever binary fractions make of it.
  const hundred = { mated: [1], nonMated: Array.from({ length: 100 }, (_, index) => index / 100) };
  expect(fnmrAtFmr(hundred, 0.29).fmr).toBe(0.29);
});

test.each(seeds)('FNMR at FMR agrees with trying every threshold (%i)', (seed) => {
  const scores = randomScores(seed);
  const tried = [...scores.mated, ...scores.nonMated].flatMap((score) => [score, score + 1e-9]);
  for (const fmr of [0.001, 0.01, 0.1, 0.25, 0.5]) {
    const allowed = [-1, ...tried]
      .map((threshold) => errorRatesAt(scores, threshold))
      .filter((at) => at.fmr <= fmr);
    const smallest = Math.min(...allowed.map(({ threshold }) => threshold));
    const found = fnmrAtFmr(scores, fmr);
    expect(found.fmr).toBeLessThanOrEqual(fmr);
    expect(found.threshold).toBeCloseTo(smallest, 8);
    expect(found.fnmr).toBe(Math.min(...allowed.map(({ fnmr }) => fnmr)));
  }
});

test('the equal error rate of hand-computed cases', () => {
  // At 0.5: FMR 1/5, FNMR 1/4; nowhere are they nearer to each other.
  expect(equalErrorRate(small)).toEqual({
    threshold: 0.5,
    fmr: 1 / 5,
    fnmr: 1 / 4,
    eer: (1 / 5 + 1 / 4) / 2,
  });
  expect(equalErrorRate(apart)).toMatchObject({ eer: 0, threshold: 0.8 });
  expect(equalErrorRate({ mated: [0.1], nonMated: [0.9] })).toMatchObject({ eer: 1 });
  expect(equalErrorRate({ mated: [0.5, 0.5], nonMated: [0.5, 0.5] })).toMatchObject({ eer: 0.5 });
});

const gap = ({ fmr, fnmr }: OperatingPoint) => Math.abs(fmr - fnmr);

test.each(seeds)('the equal error rate agrees with trying every threshold (%i)', (seed) => {
  const scores = randomScores(seed);
  const points = [...scores.mated, ...scores.nonMated, 2].map((threshold) => errorRatesAt(scores, threshold));
  const least = Math.min(...points.map(gap));
  const means = points
    .filter((point) => gap(point) <= least + 1e-12)
    .map(({ fmr, fnmr }) => (fmr + fnmr) / 2);
  expect(equalErrorRate(scores).eer).toBeCloseTo(Math.min(...means), 12);
});

test('the area under the curve of hand-computed cases', () => {
  // Of 20 comparisons of a mated with a non-mated score 17 are won and 2 are equal: 0.5 with 0.5, 0.4 with 0.4.
  expect(areaUnderCurve(small)).toBeCloseTo((17 + 2 / 2) / 20, 12);
  expect(areaUnderCurve(apart)).toBe(1);
  expect(areaUnderCurve({ mated: [0.1], nonMated: [0.9] })).toBe(0);
  expect(areaUnderCurve({ mated: [0.5, 0.5], nonMated: [0.5] })).toBe(0.5);
});

test.each(seeds)('the area under the curve agrees with comparing all pairs (%i)', (seed) => {
  const { mated, nonMated } = randomScores(seed);
  const won = mated.flatMap((a) => nonMated.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
  const mean = won.reduce<number>((sum, value) => sum + value, 0) / won.length;
  expect(areaUnderCurve({ mated, nonMated })).toBeCloseTo(mean, 12);
});

test('the best threshold lies in the middle between scores', () => {
  expect(bestThreshold(apart)).toBe(0.5);
  expect(accuracyAt(apart, 0.5)).toBe(1);
  // 0.45 and 0.6 decide 7 of 9 rightly, and so does 0.35; the middle one is taken.
  expect(accuracyAt(small, 0.45)).toBeCloseTo(7 / 9);
  expect(bestThreshold(small)).toBeCloseTo(0.45);
});

test.each(seeds)('no threshold is better than the best one (%i)', (seed) => {
  const scores = randomScores(seed);
  const best = accuracyAt(scores, bestThreshold(scores));
  const others = [-1, 2, ...scores.mated, ...scores.nonMated].flatMap((score) => [score, score + 1e-9]);
  expect(best).toBe(Math.max(...others.map((threshold) => accuracyAt(scores, threshold))));
});

test('mean and deviation', () => {
  expect(meanAndDeviation([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(1.25) });
});
