import { similarityOf } from '../gallery/search.ts';
import type { Embedding } from '../vision/contract.ts';
import { foldedAccuracy, scoresOf, type Comparison } from './folds.ts';
import { shareInterval, type Interval } from './intervals.ts';
import type { Pair } from './pairs.ts';
import { areaUnderCurve, equalErrorRate, fnmrAtFmr } from './statistics.ts';

/** A photo that no embedding was acquired from. */
export interface FailedPhoto {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export type ComparedPair = Comparison & Pick<Pair, 'fileA' | 'fileB'>;

export interface ComparedPairs {
  readonly comparisons: readonly ComparedPair[];
  /** Failures to acquire: pairs that weren't compared because of one of their photos. */
  readonly fta: number;
  readonly failed: readonly FailedPhoto[];
  /** Distinct photos in the list. */
  readonly photos: number;
}

/** Compares the pairs, after each photo was embedded once, in order of appearance. */
export async function comparePairs(
  pairs: readonly Pair[],
  embed: (file: string) => Promise<Embedding | FailedPhoto>,
): Promise<ComparedPairs> {
  const embeddings = new Map<string, Embedding>();
  const failed: FailedPhoto[] = [];
  const files = photosOf(pairs);
  for (const file of files) {
    const result = await embed(file);
    if ('code' in result) failed.push(result);
    else embeddings.set(file, result);
  }
  const comparisons = pairs.flatMap((pair) => {
    const [a, b] = [embeddings.get(pair.fileA), embeddings.get(pair.fileB)];
    return a === undefined || b === undefined ? [] : [{ ...pair, similarity: similarityOf(a, b) }];
  });
  return { comparisons, fta: pairs.length - comparisons.length, failed, photos: files.length };
}

/** The distinct photos of the pairs in order of appearance. */
export function photosOf(pairs: readonly Pair[]): string[] {
  return [...new Set(pairs.flatMap(({ fileA, fileB }) => [fileA, fileB]))];
}

/** FMRs that FNMR is reported at, by the name they have in the report. */
const requiredFmr = { '0.01': 0.01, '0.001': 0.001 } as const;
type RequiredFmr = keyof typeof requiredFmr;

/** Rates are 0..1, thresholds similarities, intervals of 95 % (Wilson); null where there are too few comparisons to tell. */
export interface Evaluation {
  /** In the list. */
  readonly pairs: number;
  readonly mated: number;
  readonly non_mated: number;
  readonly photos: number;
  readonly fta: number;
  readonly accuracy: number | null;
  readonly accuracy_std: number | null;
  readonly accuracy_interval: Interval | null;
  readonly accuracy_threshold: number | null;
  readonly eer: number | null;
  readonly eer_threshold: number | null;
  readonly auc: number | null;
  readonly fnmr_at_fmr: Readonly<Record<RequiredFmr, number | null>>;
  readonly fnmr_interval_at_fmr: Readonly<Record<RequiredFmr, Interval | null>>;
  readonly threshold_at_fmr: Readonly<Record<RequiredFmr, number | null>>;
  readonly failed: readonly FailedPhoto[];
}

/**
 * All figures of the comparisons. `mated` and `non_mated` count those that were made, which all rates are
 * shares of; failures to acquire are in `fta` alone, as ISO/IEC 19795-1 keeps FMR and FNMR apart from FTA.
 */
export function evaluate({ comparisons, fta, failed, photos }: ComparedPairs): Evaluation {
  const scores = scoresOf(comparisons);
  const complete = scores.mated.length > 0 && scores.nonMated.length > 0;
  const folded = foldedAccuracy(comparisons);
  const equal = complete ? equalErrorRate(scores) : null;
  const at = (name: RequiredFmr) => (complete ? fnmrAtFmr(scores, requiredFmr[name]) : null);
  const points = { '0.01': at('0.01'), '0.001': at('0.001') };
  const { length: mated } = scores.mated;
  const interval = (point: { readonly fnmr: number } | null) =>
    point === null ? null : shareInterval(Math.round(point.fnmr * mated), mated);
  return {
    pairs: comparisons.length + fta,
    mated: scores.mated.length,
    non_mated: scores.nonMated.length,
    photos,
    fta,
    accuracy: folded?.accuracy ?? null,
    accuracy_std: folded?.deviation ?? null,
    accuracy_interval:
      folded === null
        ? null
        : shareInterval(Math.round(folded.accuracy * comparisons.length), comparisons.length),
    accuracy_threshold: folded?.threshold ?? null,
    eer: equal?.eer ?? null,
    eer_threshold: equal?.threshold ?? null,
    auc: complete ? areaUnderCurve(scores) : null,
    fnmr_at_fmr: { '0.01': points['0.01']?.fnmr ?? null, '0.001': points['0.001']?.fnmr ?? null },
    fnmr_interval_at_fmr: { '0.01': interval(points['0.01']), '0.001': interval(points['0.001']) },
    threshold_at_fmr: {
      '0.01': points['0.01']?.threshold ?? null,
      '0.001': points['0.001']?.threshold ?? null,
    },
    failed,
  };
}
