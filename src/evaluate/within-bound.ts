import type { Evaluation } from './evaluate.ts';

/** What an evaluation lost against another. */
export interface Loss {
  /** 0..1; below 0 where it gained. */
  readonly accuracy: number;
  /** At FMR 0.1 %. */
  readonly fnmr: number;
}

type Figures = Pick<Evaluation, 'accuracy' | 'fnmr_at_fmr' | 'fta'>;

/** What `variant` loses against `exact`, both over the same pairs; null where there are too few pairs to tell. */
export function lossOf(exact: Figures, variant: Figures): Loss | null {
  const [a, b] = [exact.accuracy, variant.accuracy];
  const [m, n] = [exact.fnmr_at_fmr['0.001'], variant.fnmr_at_fmr['0.001']];
  if (a === null || b === null || m === null || n === null) return null;
  return { accuracy: a - b, fnmr: n - m };
}

/** Rates are sums of fractions: a loss of exactly the bound is within it. */
const rounding = 1e-9;

export function isWithin({ accuracy, fnmr }: Loss, bound: number): boolean {
  return Math.max(accuracy, fnmr) <= bound + rounding;
}
