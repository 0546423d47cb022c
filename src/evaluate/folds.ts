import { accuracyAt, bestThreshold, meanAndDeviation, type Scores } from './statistics.ts';

/** A comparison that was made. */
export interface Comparison {
  readonly similarity: number;
  readonly same: boolean;
  readonly fold: string | null;
}

const foldCount = 10;

export interface FoldedAccuracy {
  /** Mean over the folds, 0..1. */
  readonly accuracy: number;
  /** Standard deviation over the folds. */
  readonly deviation: number;
  /** Mean of the thresholds that were chosen. */
  readonly threshold: number;
  readonly folds: readonly {
    readonly accuracy: number;
    readonly threshold: number;
    readonly pairs: number;
  }[];
}

/**
 * Verification accuracy as LFW reports it (Huang et al., UMass Amherst TR 07-49, 2007): each fold in turn is
 * judged at the threshold that is best for the other folds. Null where there are too few comparisons for each
 * fold to hold a mated and a non-mated one.
 */
export function foldedAccuracy(comparisons: readonly Comparison[]): FoldedAccuracy | null {
  const folds = dealFolds(comparisons).map(scoresOf);
  if (folds.length < 2 || folds.some(({ mated, nonMated }) => mated.length === 0 || nonMated.length === 0))
    return null;
  const judged = folds.map((fold, held) => {
    const others = folds.filter((_, index) => index !== held);
    const threshold = bestThreshold({
      mated: others.flatMap(({ mated }) => mated),
      nonMated: others.flatMap(({ nonMated }) => nonMated),
    });
    return {
      accuracy: accuracyAt(fold, threshold),
      threshold,
      pairs: fold.mated.length + fold.nonMated.length,
    };
  });
  const { mean, deviation } = meanAndDeviation(judged.map(({ accuracy }) => accuracy));
  const threshold = meanAndDeviation(judged.map((fold) => fold.threshold)).mean;
  return { accuracy: mean, deviation, threshold, folds: judged };
}

/**
 * The folds that the list names, or, where it names none, ten: the mated pairs are cut into ten runs of equal
 * length in the order of the list, the non-mated pairs likewise. On LFW's own list, which holds its folds one
 * after the other, that gives LFW's folds.
 */
export function dealFolds(comparisons: readonly Comparison[]): Comparison[][] {
  const totals = { mated: 0, nonMated: 0 };
  for (const { same } of comparisons) totals[same ? 'mated' : 'nonMated'] += 1;
  const dealt = { mated: 0, nonMated: 0 };
  const folds = new Map<string, Comparison[]>();
  for (const comparison of comparisons) {
    const kind = comparison.same ? 'mated' : 'nonMated';
    const name = comparison.fold ?? `#${Math.floor((dealt[kind] * foldCount) / totals[kind])}`;
    dealt[kind] += 1;
    const fold = folds.get(name) ?? [];
    folds.set(name, fold);
    fold.push(comparison);
  }
  return [...folds.values()];
}

/** The comparisons' similarities, mated and non-mated apart. */
export function scoresOf(comparisons: readonly Comparison[]): Scores {
  const scores = (same: boolean) =>
    comparisons.filter((each) => each.same === same).map((each) => each.similarity);
  return { mated: scores(true), nonMated: scores(false) };
}
