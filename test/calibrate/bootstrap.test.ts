import { expect, test } from 'vitest';
import { bootstrap, type Evidence } from '../../src/calibrate/bootstrap.ts';
import { thresholdAt } from '../../src/calibrate/calibrate.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { normalFrom } from './support.ts';

/**
 * Studies of people whose true rates are known. A comparison's similarity is normal with mean 0 (non-mated) or 3 (mated) and
 * variance 1, a part of which belongs to the people: some are easily taken for others, some hardly for themselves. That makes the
 * comparisons of one person dependent on each other, as they are in life.
 */
const people = 60;
const photosEach = 3;
const ownShare = 0.3;

function study(random: () => number): Evidence & { readonly nonMated: number } {
  const normal = normalFrom(random);
  const alike = Array.from({ length: people }, normal);
  const hard = Array.from({ length: people }, normal);
  const noise = Math.sqrt(1 - ownShare);
  const nonMated = [];
  const mated = [];
  for (let a = 0; a < people; a++) {
    for (let b = a + 1; b < people; b++) {
      const both = Math.sqrt(ownShare / 2) * (alike[a]! + alike[b]!);
      for (let i = 0; i < photosEach ** 2; i++) nonMated.push({ similarity: both + noise * normal(), a, b });
    }
    for (let i = 0; i < (photosEach * (photosEach - 1)) / 2; i++)
      mated.push({ similarity: 3 + Math.sqrt(ownShare) * hard[a]! + noise * normal(), a, b: a });
  }
  const highest = nonMated.toSorted((x, y) => y.similarity - x.similarity).slice(0, 4000);
  return {
    photos: Array.from({ length: people }, () => photosEach),
    mated,
    highest,
    nonMated: nonMated.length,
  };
}

/** The upper tail of the standard normal distribution has 1 % from here on. */
const z = 2.3263;
const wished = 0.01;

test('95 % intervals cover the true value in 90 to 99 % of 300 studies', () => {
  const runs = 300;
  const covered = { threshold: 0, fmr: 0, fnmr: 0 };
  for (let run = 0; run < runs; run++) {
    const random = seededRandom(run + 1);
    const one = study(random);
    const draws = { draws: 150, random };
    const atHigh = bootstrap(one, { threshold: z, fmr: wished }, draws);
    // At 2, the true FNMR is 15.87 %: one of 1 % would be 2 errors in 180 mated comparisons, which no interval can tell.
    const atTwo = bootstrap({ ...one, highest: [] }, { threshold: 2, fmr: wished }, draws);
    const covers = (interval: readonly [number, number] | null, truth: number) =>
      interval !== null && interval[0] <= truth && truth <= interval[1] ? 1 : 0;
    covered.threshold += covers(atHigh.threshold, z);
    covered.fmr += covers(atHigh.fmr, wished);
    covered.fnmr += covers(atTwo.fnmr, 0.1587);
  }
  for (const count of Object.values(covered)) {
    expect(count / runs).toBeGreaterThanOrEqual(0.9);
    expect(count / runs).toBeLessThanOrEqual(0.99);
  }
}, 240_000);

test('intervals that take comparisons as independent would be too narrow', () => {
  const one = study(seededRandom(7));
  const threshold = thresholdAt(one.highest, wished * one.nonMated);
  const { fmr } = bootstrap(one, { threshold, fmr: wished }, { draws: 200, random: seededRandom(8) });
  const independent = 2 * 1.96 * Math.sqrt((wished * (1 - wished)) / one.nonMated);
  expect(fmr![1] - fmr![0]).toBeGreaterThan(2 * independent);
});
