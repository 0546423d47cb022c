/** Lower and upper end of a 95 % confidence interval. */
export type Interval = readonly [lower: number, upper: number];

/** Quantile 0.975 of the standard normal distribution. */
const z = 1.96;

/**
 * 95 % interval of a share from `count` of `total` independent trials (Wilson 1927). It stays inside 0..1 and says
 * something also where the count is 0: about 3.8/total at its upper end.
 */
export function shareInterval(count: number, total: number): Interval {
  const share = count / total;
  const middle = (share + z ** 2 / (2 * total)) / (1 + z ** 2 / total);
  const half =
    (z * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2))) / (1 + z ** 2 / total);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * Probability of a difference at least this large between two methods that are equally good, of their discordant trials:
 * those that only the one, or only the other, decided rightly (McNemar's test, exact and two-sided).
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const total = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  let term = 0.5 ** total;
  let sum = 0;
  for (let k = 0; k <= fewer; k++) {
    sum += term;
    term *= (total - k) / (k + 1);
  }
  return Math.min(1, 2 * sum);
}

/** The 95 % interval of values that a bootstrap drew (percentiles 2.5 and 97.5); of none, it is unknown. */
export function percentileInterval(values: readonly number[]): Interval | null {
  if (values.length === 0) return null;
  const rising = values.toSorted((a, b) => a - b);
  const at = (share: number) => rising[Math.min(rising.length - 1, Math.floor(share * rising.length))]!;
  return [at(0.025), at(0.975)];
}
