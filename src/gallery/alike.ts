import { dot } from './search.ts';
import type { TemplateTable } from './template-table.ts';

/** Rows of a block: two blocks of 192 numbers each stay in a core's cache. */
const blockRows = 128;

/** This share of the numbers is looked at first; what the rest can add at the most is known from its length. */
const firstShare = 2 / 3;

/**
 * Calls back with every pair of rows whose similarity is at least `least`, in no particular order: of all rows, or of the
 * wanted ones with all others. Exact: a pair is passed over only when its first numbers show that it can't get there
 * (Cauchy-Schwarz over the rest). 10,000 templates, 50 million pairs, take a few seconds.
 */
export function forEachAlike(
  { vectors, dimension, numbers: { length: rows } }: TemplateTable,
  least: number,
  visit: (rowA: number, rowB: number, similarity: number) => void,
  wanted: readonly number[] | null = null,
): void {
  const first = Math.floor(dimension * firstShare);
  const rests = Float64Array.from({ length: rows }, (_, row) => {
    const rest = vectors.subarray(row * dimension + first, (row + 1) * dimension);
    return Math.sqrt(dot(rest, rest, 0, rest.length));
  });

  function compare(rowA: number, from: number, to: number): void {
    const a = vectors.subarray(rowA * dimension, (rowA + 1) * dimension);
    const restA = a.subarray(first);
    for (let rowB = from; rowB < to; rowB++) {
      const part = dot(a, vectors, rowB * dimension, first);
      // Sums of float32 products err by less than this.
      if (part + rests[rowA]! * rests[rowB]! < least - 1e-5) continue;
      const similarity = part + dot(restA, vectors, rowB * dimension + first, restA.length);
      if (similarity >= least) visit(rowA, rowB, Math.min(1, similarity));
    }
  }

  if (wanted !== null) {
    const isWanted = new Set(wanted);
    for (const row of wanted) {
      compare(row, row + 1, rows);
      // A pair of two wanted rows is met once, from its first.
      for (let other = 0; other < row; other++) if (!isWanted.has(other)) compare(row, other, other + 1);
    }
    return;
  }
  for (let startA = 0; startA < rows; startA += blockRows) {
    const endA = Math.min(rows, startA + blockRows);
    for (let startB = startA; startB < rows; startB += blockRows) {
      const endB = Math.min(rows, startB + blockRows);
      for (let row = startA; row < endA; row++) compare(row, Math.max(startB, row + 1), endB);
    }
  }
}
