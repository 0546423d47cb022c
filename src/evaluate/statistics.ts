/*
 * Error rates of verification (1:1) in the words of ISO/IEC 19795-1. A comparison gives a score, here the
 * similarity; it is *mated* when both photos show the same person. A comparison matches when its score is at or
 * above the threshold. FMR is the share of non-mated comparisons that match, FNMR the share of mated ones that
 * don't. Both are of comparisons: a photo that no face was acquired from takes part in none and is counted
 * apart, as FTA.
 *
 * Nothing here changes its arguments. Rates are 0..1.
 */

export interface Scores {
  readonly mated: readonly number[];
  readonly nonMated: readonly number[];
}

export interface OperatingPoint {
  readonly threshold: number;
  readonly fmr: number;
  readonly fnmr: number;
}

/** FMR and FNMR at a threshold. */
export function errorRatesAt({ mated, nonMated }: Scores, threshold: number): OperatingPoint {
  return {
    threshold,
    fmr: nonMated.filter((score) => score >= threshold).length / nonMated.length,
    fnmr: mated.filter((score) => score < threshold).length / mated.length,
  };
}

/**
 * FNMR at a required FMR: at the smallest threshold whose measured FMR is not above `fmr`. That threshold is
 * the next number after the highest non-mated score that has to be rejected. With fewer than 1/fmr non-mated
 * scores it rejects them all, and says no more than that.
 */
export function fnmrAtFmr({ mated, nonMated }: Scores, fmr: number): OperatingPoint {
  const falling = nonMated.toSorted((a, b) => b - a);
  // Among equal scores all match or none, so that the one that is the first too many decides.
  const firstTooMany = falling.findIndex((_, index) => (index + 1) / falling.length > fmr);
  const threshold = firstTooMany === -1 ? -1 : nextAfter(falling[firstTooMany]!);
  return errorRatesAt({ mated, nonMated }, threshold);
}

/**
 * Equal error rate: the mean of FMR and FNMR where they are nearest to each other among all thresholds that tell
 * the measured scores apart; of several such thresholds, where the mean is the least.
 */
export function equalErrorRate(scores: Scores): OperatingPoint & { readonly eer: number } {
  const mated = scores.mated.toSorted((a, b) => a - b);
  const nonMated = scores.nonMated.toSorted((a, b) => a - b);
  const thresholds = [...new Set([...mated, ...nonMated])].toSorted((a, b) => a - b);
  let best: (OperatingPoint & { eer: number }) | null = null;
  let missed = 0;
  let rejected = 0;
  for (const threshold of [...thresholds, nextAfter(thresholds.at(-1) ?? 1)]) {
    while (missed < mated.length && mated[missed]! < threshold) missed += 1;
    while (rejected < nonMated.length && nonMated[rejected]! < threshold) rejected += 1;
    const fnmr = missed / mated.length;
    const fmr = (nonMated.length - rejected) / nonMated.length;
    const eer = (fmr + fnmr) / 2;
    const gap = Math.abs(fmr - fnmr);
    const bestGap = best === null ? Infinity : Math.abs(best.fmr - best.fnmr);
    if (best === null || gap < bestGap || (gap === bestGap && eer < best.eer))
      best = { threshold, fmr, fnmr, eer };
  }
  return best!;
}

/**
 * Area under the ROC curve: the probability that a mated comparison scores higher than a non-mated one, an
 * equal score counting half (Mann-Whitney U from the ranks, equal scores sharing their mean rank).
 */
export function areaUnderCurve({ mated, nonMated }: Scores): number {
  const all = [
    ...mated.map((score) => ({ score, mated: true })),
    ...nonMated.map((score) => ({ score, mated: false })),
  ].toSorted((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    let matedHere = 0;
    while (end < all.length && all[end]!.score === all[start]!.score) {
      if (all[end]!.mated) matedHere += 1;
      end += 1;
    }
    // Ranks count from 1: this group has start + 1 to end.
    rankSum += (matedHere * (start + 1 + end)) / 2;
    start = end;
  }
  return (rankSum - (mated.length * (mated.length + 1)) / 2) / (mated.length * nonMated.length);
}

/** Share of all comparisons that are decided rightly at a threshold. */
export function accuracyAt({ mated, nonMated }: Scores, threshold: number): number {
  const right =
    mated.filter((score) => score >= threshold).length + nonMated.filter((score) => score < threshold).length;
  return right / (mated.length + nonMated.length);
}

/**
 * The threshold of the best accuracy: the middle between two neighbouring scores, so that it favours neither side. Of
 * several equally good ones it is the one in the middle of their order.
 */
export function bestThreshold({ mated, nonMated }: Scores): number {
  const all = [
    ...mated.map((score) => ({ score, mated: true })),
    ...nonMated.map((score) => ({ score, mated: false })),
  ].toSorted((a, b) => a.score - b.score);
  // At the lowest threshold everything matches; each step up loses the mated and gains the non-mated scores passed.
  let right = mated.length;
  let mostRight = -1;
  let best: number[] = [];
  for (let index = 0; index <= all.length; index += 1) {
    const [below, above] = [all[index - 1]?.score, all[index]?.score];
    if (below !== above) {
      const threshold = between(below, above);
      if (right > mostRight) best = [];
      if (right >= mostRight) best.push(threshold);
      mostRight = Math.max(mostRight, right);
    }
    if (index < all.length) right += all[index]!.mated ? -1 : 1;
  }
  return best[Math.floor((best.length - 1) / 2)] ?? 0;
}

/** A threshold that only the scores from `above` on reach. */
function between(below: number | undefined, above: number | undefined): number {
  if (below === undefined) return above ?? 0;
  if (above === undefined) return nextAfter(below);
  const middle = (below + above) / 2;
  return middle > below ? middle : above;
}

/** Mean and standard deviation (of these values, not of a population they are drawn from). */
export function meanAndDeviation(values: readonly number[]): {
  readonly mean: number;
  readonly deviation: number;
} {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/** The smallest double above `value`. */
export function nextAfter(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
