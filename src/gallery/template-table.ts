import type { Embedding } from '../vision/contract.ts';
import type { GalleryChange, SubjectId, Template } from './contract.ts';
import { toLittleEndian } from './float32.ts';
import { hashOf, sourceInMemory } from './revision-source.ts';
import { scanMemoryFor, type ScanMemory } from './scan/layout.ts';

/** A set of templates as the search wants it: one contiguous block of rows, in order of subject and n. */
export interface TemplateTable {
  /** Length of an embedding. */
  readonly dimension: number;
  /** The subjects, in order (by code unit). */
  readonly subjects: readonly SubjectId[];
  /** The first row of each subject, and after them the number of rows: `subjects.length + 1` numbers. */
  readonly starts: Uint32Array;
  /** The n of each row's template. */
  readonly numbers: Uint32Array;
  /** All embeddings: `[rows, dimension]`. */
  readonly vectors: Float32Array;
  /** The memory of `vectors` where it is one that can be scanned. */
  readonly scan: ScanMemory | null;
}

/** Room for the embeddings of a table, zeroed. */
export function newVectors(rows: number, dimension: number): Pick<TemplateTable, 'vectors' | 'scan'> {
  const scan = scanMemoryFor(rows, dimension);
  const length = rows * dimension;
  const vectors =
    scan === null ? new Float32Array(length) : new Float32Array(scan.memory.buffer, scan.layout.rows, length);
  return { vectors, scan };
}

/**
 * Packs templates, in any order, into a table of its own memory. Of two templates with the same subject and n the
 * later one counts. Throws a RangeError when an embedding hasn't `dimension` numbers.
 */
export function tableOf(templates: Iterable<Template>, dimension: number): TemplateTable {
  const bySubject = new Map<SubjectId, Map<number, Embedding>>();
  for (const { subject, n, embedding } of templates) {
    if (embedding.length !== dimension) {
      throw new RangeError(
        `the embedding of ${subject}/${n} has ${embedding.length} numbers, not ${dimension}`,
      );
    }
    const ofSubject = bySubject.get(subject) ?? new Map<number, Embedding>();
    bySubject.set(subject, ofSubject.set(n, embedding));
  }
  const subjects = [...bySubject.keys()].toSorted();
  const rows = [...bySubject.values()].reduce((sum, ofSubject) => sum + ofSubject.size, 0);
  const starts = new Uint32Array(subjects.length + 1);
  const numbers = new Uint32Array(rows);
  const { vectors, scan } = newVectors(rows, dimension);
  let row = 0;
  for (const [index, subject] of subjects.entries()) {
    starts[index] = row;
    for (const [n, embedding] of [...bySubject.get(subject)!].toSorted(([a], [b]) => a - b)) {
      numbers[row] = n;
      vectors.set(embedding, row * dimension);
      row += 1;
    }
  }
  starts[subjects.length] = row;
  return { dimension, subjects, starts, numbers, vectors, scan };
}

/** The templates of a table in order of subject and n. Their embeddings are views of the table: don't write to them. */
export function* templatesOf(table: TemplateTable): Generator<Template> {
  const { dimension, subjects, starts, numbers, vectors } = table;
  for (const [index, subject] of subjects.entries()) {
    for (let row = starts[index]!; row < starts[index + 1]!; row += 1) {
      const embedding = vectors.subarray(row * dimension, (row + 1) * dimension) as Embedding;
      yield { subject, n: numbers[row]!, embedding };
    }
  }
}

/** The templates after a change: first the removals, then what is put. */
export function* changed(templates: Iterable<Template>, change: GalleryChange): Generator<Template> {
  const { remove = [], put = [] } = change;
  if (remove !== 'all') {
    const removed = new Set(remove);
    for (const template of templates) if (!removed.has(template.subject)) yield template;
  }
  yield* put;
}

/**
 * SHA-256 (hex) of a set of templates: of `<subject>/<n>`, a line feed and the raw little-endian float32 of each, in
 * order of subject and n. It is the same wherever the set came from, and holds up no thread while it is computed.
 */
export async function digestOf(table: TemplateTable): Promise<string> {
  const labels = Array.from(templatesOf(table), ({ subject, n }) => `${subject}/${n}\n`);
  const rowBytes = table.dimension * Float32Array.BYTES_PER_ELEMENT;
  const vectors = toLittleEndian(table.vectors);
  const bytes = Buffer.alloc(labels.reduce((sum, label) => sum + label.length + rowBytes, 0));
  let offset = 0;
  for (const [row, label] of labels.entries()) {
    offset += bytes.write(label, offset, 'latin1');
    bytes.set(vectors.subarray(row * rowBytes, (row + 1) * rowBytes), offset);
    offset += rowBytes;
  }
  return (await sha256(bytes)).toString('hex');
}

/**
 * SHA-256 in pieces, so that a large gallery doesn't hold up the thread that asks. Node's thread pool (`crypto.subtle`) would do it beside that
 * thread, but copies all of the bytes in it first, which takes longer than hashing them.
 */
export function sha256(bytes: Uint8Array): Promise<Buffer> {
  return hashOf(sourceInMemory(bytes), bytes.length);
}
