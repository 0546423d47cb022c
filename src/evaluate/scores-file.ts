import { parse } from 'csv-parse/sync';
import { MusterError } from '../lib/errors.ts';
import { mcnemar } from './intervals.ts';
import { bestThreshold } from './statistics.ts';
import { scoresOf, type Comparison } from './folds.ts';
import type { ComparedPair } from './evaluate.ts';

/** The similarity of each compared pair as CSV: fileA,fileB,same,similarity. */
export function formatScores(comparisons: readonly ComparedPair[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = comparisons.map(
    ({ fileA, fileB, same, similarity }) => `${cell(fileA)},${cell(fileB)},${same ? 1 : 0},${similarity}`,
  );
  return ['fileA,fileB,same,similarity', ...rows, ''].join('\n');
}

/** What another run of the same list decided otherwise. */
export interface Difference {
  /** Pairs that both runs compared. */
  readonly pairs: number;
  /** Pairs that only this run decided rightly, and only the other. */
  readonly better: number;
  readonly worse: number;
  /** That a difference as large is chance (McNemar, exact). */
  readonly p: number;
}

/**
 * Compares two runs over the same pairs, each at the threshold that is best for it. Throws the MusterError `scores_invalid`
 * for a text that `formatScores` did not write.
 */
export function differenceFrom(
  comparisons: readonly ComparedPair[],
  text: string,
  source: string,
): Difference {
  const others = parseScores(text, source);
  const both = comparisons.flatMap((each) => {
    const similarity = others.get(`${each.fileA}\n${each.fileB}`);
    return similarity === undefined ? [] : [{ here: each, there: { ...each, similarity } }];
  });
  const right = (list: readonly Comparison[]) => {
    const threshold = bestThreshold(scoresOf(list));
    return list.map(({ similarity, same }) => similarity >= threshold === same);
  };
  const here = right(both.map((each) => each.here));
  const there = right(both.map((each) => each.there));
  const better = here.filter((isRight, i) => isRight && !there[i]).length;
  const worse = there.filter((isRight, i) => isRight && !here[i]).length;
  return { pairs: both.length, better, worse, p: mcnemar(better, worse) };
}

function parseScores(text: string, source: string): ReadonlyMap<string, number> {
  const invalid = (reason: string, cause?: unknown) =>
    new MusterError('scores_invalid', `${source} can't be compared with: ${reason}`, {
      remedy: 'It must be a file that muster evaluate --scores wrote.',
      cause,
    });
  let rows: Record<string, string>[];
  try {
    rows = parse(text, { columns: true, bom: true });
  } catch (error) {
    throw invalid('it is no CSV', error);
  }
  return new Map(
    rows.map(({ fileA, fileB, similarity }, index) => {
      if (!fileA || !fileB || !similarity || !Number.isFinite(Number(similarity)))
        throw invalid(`row ${index + 1} has no fileA, fileB and similarity`);
      return [`${fileA}\n${fileB}`, Number(similarity)];
    }),
  );
}
