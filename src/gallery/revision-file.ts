import { z } from 'zod';
import { MusterError } from '../lib/errors.ts';
import type { Gallery, SubjectId } from './contract.ts';
import { readLittleEndian, toLittleEndian } from './float32.ts';
import { bytesOf, copyOf, hashOf, type RevisionSource } from './revision-source.ts';
import { isSubjectId } from './subject.ts';
import { publicationSchema, type Publication } from './sync/payloads.ts';
import { galleryOfTable } from './table-gallery.ts';
import { newVectors, sha256, type TemplateTable } from './template-table.ts';

/*
 * One revision of the gallery as a file:
 *
 *   8 bytes   "MUSTERGL"
 *   4 bytes   length of the header, little-endian
 *   header    JSON, below
 *   vectors   little-endian float32, [templates, dimension], in order of subject and n
 *   32 bytes  SHA-256 of everything before
 */
const magic = Buffer.from('MUSTERGL', 'latin1');
const headerAt = magic.length + 4;
const hashBytes = 32;
const format = 1;

type SubjectEntry = [subject: SubjectId, numbers: number[]];

/** By hand, as there may be a million: a tenth of the time that a schema of each takes. */
function areSubjectEntries(list: unknown): boolean {
  return Array.isArray(list) && list.every(isSubjectEntry);
}

function isSubjectEntry(entry: unknown): entry is SubjectEntry {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [subject, numbers] = entry as [unknown, unknown];
  return (
    typeof subject === 'string' &&
    isSubjectId(subject) &&
    Array.isArray(numbers) &&
    numbers.every((n) => Number.isSafeInteger(n) && n >= 0)
  );
}

const headerSchema = z.object({
  format: z.literal(format),
  revision: z.int().positive(),
  fingerprint: z.string(),
  dimension: z.int().nonnegative(),
  digest: z.string(),
  created_at: z.string(),
  /** A random name of this commit, and those of the commits before it (the latest first). */
  commit: z.string(),
  history: z.array(z.string()),
  /** Each subject with the n of its templates. */
  subjects: z.custom<SubjectEntry[]>(
    areSubjectEntries,
    'must be a list of subjects with the numbers of their templates',
  ),
  /** Absent where the gallery never came from a broker. */
  publication: publicationSchema.optional(),
});

/** What a revision file holds. */
export interface Revision {
  readonly revision: number;
  readonly fingerprint: string;
  readonly digest: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly commit: string;
  readonly history: readonly string[];
  readonly publication: Publication | null;
  readonly table: TemplateTable;
}

/** The file isn't what was written: cut short, changed, or not of this kind at all. */
export class DamagedRevision extends Error {}

export async function encodeRevision(revision: Revision): Promise<Uint8Array<ArrayBuffer>> {
  const { table } = revision;
  const header: z.input<typeof headerSchema> = {
    format,
    revision: revision.revision,
    fingerprint: revision.fingerprint,
    dimension: table.dimension,
    digest: revision.digest,
    created_at: revision.createdAt,
    commit: revision.commit,
    history: [...revision.history],
    subjects: table.subjects.map((subject, index) => [subject, numbersOf(table, index)]),
    ...(revision.publication === null ? {} : { publication: revision.publication }),
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const vectors = toLittleEndian(table.vectors);
  const content = new Uint8Array(headerAt + json.length + vectors.length);
  content.set(magic);
  new DataView(content.buffer).setUint32(magic.length, json.length, true);
  content.set(json, headerAt);
  content.set(vectors, headerAt + json.length);
  return Buffer.concat([content, await sha256(content)]);
}

/**
 * Reads a revision file: once for its hash, before anything in it is believed, and then each part to where it belongs. Throws DamagedRevision,
 * or the MusterError `gallery_format` when a newer Muster wrote it.
 */
export async function decodeRevision(source: RevisionSource): Promise<Revision> {
  const end = source.size - hashBytes;
  const head = await bytesOf(source, 0, headerAt);
  if (end < headerAt || !magic.equals(head.subarray(0, magic.length))) {
    throw new DamagedRevision('it is not a gallery file, or is cut short');
  }
  if (!(await hashOf(source, end)).equals(await bytesOf(source, end, source.size))) {
    throw new DamagedRevision('its content does not have the SHA-256 at its end');
  }
  const vectorsAt = Math.min(end, headerAt + head.readUInt32LE(magic.length));
  const header = parseHeader(await bytesOf(source, headerAt, vectorsAt));
  const rows = header.subjects.reduce((sum, [, numbers]) => sum + numbers.length, 0);
  if (end - vectorsAt !== rows * header.dimension * Float32Array.BYTES_PER_ELEMENT) {
    throw new DamagedRevision('its header names another number of templates than it holds');
  }
  const rowsOfTable = newVectors(rows, header.dimension);
  await readLittleEndian(rowsOfTable.vectors, (into) => copyOf(source, vectorsAt, into));
  let start = 0;
  const starts = [0, ...header.subjects.map(([, numbers]) => (start += numbers.length))];
  return {
    revision: header.revision,
    fingerprint: header.fingerprint,
    digest: header.digest,
    createdAt: header.created_at,
    commit: header.commit,
    history: header.history,
    publication: header.publication ?? null,
    table: {
      dimension: header.dimension,
      subjects: header.subjects.map(([subject]): SubjectId => subject),
      starts: Uint32Array.from(starts),
      numbers: Uint32Array.from(header.subjects.flatMap(([, numbers]) => numbers)),
      ...rowsOfTable,
    },
  };
}

/** The revision as the rest of the program sees it. */
export function galleryOf(revision: Revision): Gallery {
  const { table, publication } = revision;
  const manifest = publication?.manifest ?? null;
  return {
    revision: manifest?.digest === revision.digest ? manifest.rev : revision.revision,
    publication,
    fingerprint: revision.fingerprint,
    digest: revision.digest,
    ...galleryOfTable(table),
  };
}

function parseHeader(bytes: Buffer): z.infer<typeof headerSchema> {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new DamagedRevision('its header is no JSON', { cause: error });
  }
  const written = z.object({ format: z.int() }).safeParse(header);
  if (written.success && written.data.format > format) {
    throw new MusterError(
      'gallery_format',
      `the gallery was written in format ${written.data.format}; this Muster reads ${format}`,
      {
        remedy: 'Install the newer Muster again, or export the gallery with it.',
      },
    );
  }
  const parsed = headerSchema.safeParse(header);
  if (!parsed.success) throw new DamagedRevision(`its header is wrong: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function numbersOf(table: TemplateTable, index: number): number[] {
  return [...table.numbers.subarray(table.starts[index], table.starts[index + 1])];
}
