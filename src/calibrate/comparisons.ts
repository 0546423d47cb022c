import { dot } from '../gallery/search.ts';
import type { UsablePhoto } from './photos.ts';

/** Bins of the distribution, from −1 to 1; the highest of them holds 1 as well. */
export const bins = 4000;

/** The non-mated comparisons that are kept one by one are the highest: so many at the most. */
const mostKept = 200_000;

export interface Scored {
  readonly similarity: number;
  /** Places of the two people among the subjects; the same for a mated comparison. */
  readonly a: number;
  readonly b: number;
}

/** Every comparison of every photo with every other. */
export interface Comparisons {
  readonly subjects: readonly string[];
  /** Usable photos of each subject. */
  readonly photos: readonly number[];
  readonly mated: readonly Scored[];
  readonly nonMatedCount: number;
  /** How many of all non-mated comparisons lie in each bin. */
  readonly nonMatedBins: Float64Array;
  /** The highest non-mated comparisons, falling. */
  readonly highest: readonly Scored[];
  /** For each subject: the highest similarity to another, and who that is; −1 and itself where there is nobody. */
  readonly nearest: readonly Scored[];
}

export function binOf(similarity: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(((similarity + 1) / 2) * bins)));
}

/** The lower end of a bin. */
export function binStart(bin: number): number {
  return (2 * bin) / bins - 1;
}

/**
 * Compares all photos with each other. The many non-mated similarities are counted in bins first; then those of the highest bins, which
 * decide about low rates, are gathered.
 *
 * @param photos those of one subject beside each other
 */
export function compareAll(photos: readonly UsablePhoto[]): Comparisons {
  const subjects = [...new Set(photos.map(({ subject }) => String(subject)))];
  const places = new Map(subjects.map((subject, place) => [subject, place]));
  const owners = photos.map(({ subject }) => places.get(subject)!);
  const counts = subjects.map(() => 0);
  for (const owner of owners) counts[owner]! += 1;

  const mated: Scored[] = [];
  const nonMatedBins = new Float64Array(bins);
  const nearest: Scored[] = subjects.map((_, place) => ({ similarity: -1, a: place, b: place }));
  const note = (similarity: number, a: number, b: number) => {
    if (similarity > nearest[a]!.similarity) nearest[a] = { similarity, a, b };
  };
  forEachPair(photos, owners, (similarity, a, b) => {
    if (a === b) {
      mated.push({ similarity, a, b });
      return;
    }
    nonMatedBins[binOf(similarity)]! += 1;
    note(similarity, a, b);
    note(similarity, b, a);
  });

  let kept = 0;
  let lowest = bins;
  while (lowest > 0 && kept + nonMatedBins[lowest - 1]! <= mostKept) kept += nonMatedBins[--lowest]!;
  const highest: Scored[] = [];
  forEachPair(photos, owners, (similarity, a, b) => {
    if (a !== b && binOf(similarity) >= lowest) highest.push({ similarity, a, b });
  });
  return {
    subjects,
    photos: counts,
    mated,
    nonMatedCount: nonMatedBins.reduce((sum, count) => sum + count, 0),
    nonMatedBins,
    highest: highest.toSorted((x, y) => y.similarity - x.similarity),
    nearest,
  };
}

function forEachPair(
  photos: readonly UsablePhoto[],
  owners: readonly number[],
  visit: (similarity: number, a: number, b: number) => void,
): void {
  const dimension = photos[0]?.embedding.length ?? 0;
  const rows = new Float32Array(photos.length * dimension);
  photos.forEach(({ embedding }, row) => rows.set(embedding, row * dimension));
  photos.forEach(({ embedding }, row) => {
    for (let other = row + 1; other < photos.length; other++) {
      const similarity = Math.min(1, dot(embedding, rows, other * dimension, dimension));
      visit(similarity, owners[row]!, owners[other]!);
    }
  });
}
