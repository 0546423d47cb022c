import { percentileInterval, type Interval } from '../evaluate/intervals.ts';
import type { Comparisons, Scored } from './comparisons.ts';

/** What the intervals are worked out of: a part of `Comparisons`. */
export type Evidence = Pick<Comparisons, 'photos' | 'mated' | 'highest'>;

export interface Intervals {
  /** Of the threshold at which the wished FMR is met. */
  readonly threshold: Interval | null;
  /** Of the rates at the recommended threshold. */
  readonly fmr: Interval | null;
  readonly fnmr: Interval | null;
}

/**
 * Confidence intervals by drawing people, not comparisons: the comparisons of one person depend on each other, and intervals
 * that take them as independent are far too narrow (ISO/IEC 19795-1, annex B; Bolle, Ratha and Pankanti, Error analysis of pattern
 * recognition systems: the subsets bootstrap, 2004). Each draw takes as many people as there are, with replacement; a comparison
 * counts as often as its people were drawn, and the draws of one person are not compared with each other. Percentiles 2.5 and 97.5.
 *
 * @param threshold the recommended one
 * @param fmr the wished one
 */
export function bootstrap(
  { photos, mated, highest }: Evidence,
  { threshold, fmr }: { readonly threshold: number; readonly fmr: number },
  { draws, random }: { readonly draws: number; readonly random: () => number },
): Intervals {
  const people = photos.length;
  const thresholds: number[] = [];
  const fmrs: number[] = [];
  const fnmrs: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const weights = new Float64Array(people);
    for (let i = 0; i < people; i++) weights[Math.floor(random() * people)]! += 1;
    const nonMated = nonMatedWeight(photos, weights);
    if (nonMated > 0) {
      thresholds.push(weightedThreshold(highest, weights, fmr * nonMated));
      fmrs.push(weightAbove(highest, weights, threshold) / nonMated);
    }
    let all = 0;
    let rejected = 0;
    for (const { similarity, a } of mated) {
      all += weights[a]!;
      if (similarity < threshold) rejected += weights[a]!;
    }
    if (all > 0) fnmrs.push(rejected / all);
  }
  return {
    threshold: percentileInterval(thresholds),
    fmr: percentileInterval(fmrs),
    fnmr: percentileInterval(fnmrs),
  };
}

/** Comparisons of the photos of different people, each as often as both were drawn. */
function nonMatedWeight(photos: readonly number[], weights: Float64Array): number {
  let sum = 0;
  let own = 0;
  photos.forEach((count, i) => {
    sum += weights[i]! * count;
    own += (weights[i]! * count) ** 2;
  });
  return (sum ** 2 - own) / 2;
}

/** The highest similarity that has to be rejected for no more than `allowed` to match; the lowest kept one where none has to. */
function weightedThreshold(highest: readonly Scored[], weights: Float64Array, allowed: number): number {
  let matched = 0;
  for (const { similarity, a, b } of highest) {
    matched += weights[a]! * weights[b]!;
    if (matched > allowed) return similarity;
  }
  return highest.at(-1)?.similarity ?? -1;
}

function weightAbove(highest: readonly Scored[], weights: Float64Array, threshold: number): number {
  let sum = 0;
  for (const { similarity, a, b } of highest) {
    if (similarity < threshold) break;
    sum += weights[a]! * weights[b]!;
  }
  return sum;
}

/** The interval of a quantile over people whose values come in groups: drawn like `bootstrap` does. */
export function quantileInterval(
  groups: readonly (readonly number[])[],
  share: number,
  { draws, random }: { readonly draws: number; readonly random: () => number },
): Interval | null {
  if (groups.length === 0) return null;
  const values = Array.from({ length: draws }, () => {
    const drawn = groups.flatMap(() => groups[Math.floor(random() * groups.length)]!);
    return quantile(drawn, share);
  });
  return percentileInterval(values);
}

/** The value below which the share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const rising = values.toSorted((a, b) => a - b);
  return rising[Math.min(rising.length - 1, Math.floor(share * rising.length))] ?? 0;
}
