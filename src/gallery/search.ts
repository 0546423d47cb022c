import type { Embedding } from '../vision/contract.ts';
import type { Match } from './contract.ts';
import type { TemplateTable } from './template-table.ts';

/**
 * The `count` subjects most similar to the probe (fewer where the gallery has fewer), the most similar first, ties by
 * subject id. A subject's similarity is that of its nearest template. Every template is compared: this is what a search answers, and how
 * a small gallery is searched; scan/scan.ts gives the same answer for a large one.
 */
export function search(table: TemplateTable, probe: Embedding, count: number): readonly Match[] {
  const { subjects, starts } = table;
  if (subjects.length === 0 || count < 1) return [];
  checkProbe(table, probe);
  const matches: Match[] = [];
  for (const [index, subject] of subjects.entries()) {
    let similarity = -1;
    for (let row = starts[index]!; row < starts[index + 1]!; row += 1) {
      similarity = Math.max(similarity, similarityToRow(table, probe, row));
    }
    if (matches.length === count && similarity <= matches[count - 1]!.similarity) continue;
    // Subjects come in order of their ids: an equal one that is there already stays in front.
    let place = matches.length;
    while (place > 0 && matches[place - 1]!.similarity < similarity) place -= 1;
    matches.splice(place, 0, { subject, similarity });
    if (matches.length > count) matches.pop();
  }
  return matches;
}

/** Throws a RangeError for a probe of other models. */
export function checkProbe({ dimension }: TemplateTable, probe: Embedding): void {
  if (probe.length === dimension) return;
  throw new RangeError(`the probe has ${probe.length} numbers, the gallery's templates have ${dimension}`);
}

/** Cosine similarity of a probe and a row of the table, −1..1. */
export function similarityToRow(
  { vectors, dimension }: TemplateTable,
  probe: Embedding,
  row: number,
): number {
  return bounded(dot(probe, vectors, row * dimension, dimension));
}

/** Cosine similarity of two embeddings, −1..1. */
export function similarityOf(a: Embedding, b: Embedding): number {
  if (a.length !== b.length) throw new RangeError(`embeddings of ${a.length} and ${b.length} numbers`);
  return bounded(dot(a, b, 0, a.length));
}

/** The product of two unit vectors of float32 may exceed 1 by a rounding error. */
function bounded(product: number): number {
  return Math.min(1, Math.max(-1, product));
}

/**
 * Inner product of `a` with the row of `rows` that starts at `offset`. Four sums at a time, because an addition has
 * to wait for the one before it and a multiplication hasn't.
 */
export function dot(a: Float32Array, rows: Float32Array, offset: number, length: number): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  const unrolled = length - (length % 4);
  for (let i = 0; i < unrolled; i += 4) {
    sum0 += a[i]! * rows[offset + i]!;
    sum1 += a[i + 1]! * rows[offset + i + 1]!;
    sum2 += a[i + 2]! * rows[offset + i + 2]!;
    sum3 += a[i + 3]! * rows[offset + i + 3]!;
  }
  for (let i = unrolled; i < length; i += 1) sum0 += a[i]! * rows[offset + i]!;
  return sum0 + sum1 + (sum2 + sum3);
}
