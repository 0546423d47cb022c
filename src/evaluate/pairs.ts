import { parse } from 'csv-parse/sync';
import { join, normalize } from 'node:path';
import { MusterError, messageOf } from '../lib/errors.ts';

/** Two photos that are compared, and whether they show the same person. */
export interface Pair {
  /** Paths relative to the root folder. */
  readonly fileA: string;
  readonly fileB: string;
  /** A mated pair: the same person. */
  readonly same: boolean;
  /** Name of the fold it belongs to, where the list has a column `fold`. */
  readonly fold: string | null;
}

const columns = ['fileA', 'fileB', 'same'] as const;
const truths: Readonly<Record<string, boolean>> = { '1': true, true: true, '0': false, false: false };

/**
 * Reads a list of pairs: CSV with a head line that names `fileA`, `fileB`, `same` (1 or 0) and perhaps `fold`;
 * other columns are passed over. Throws the MusterError `pairs_invalid` that names the line.
 */
export function parsePairs(text: string, source: string): Pair[] {
  const invalid = (reason: string, cause?: unknown) =>
    new MusterError('pairs_invalid', `${source}: ${reason}`, {
      remedy: 'The list is CSV with the head line fileA,fileB,same; same is 1 or 0, files are below --root.',
      cause,
    });
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(text, { columns: true, bom: true, trim: true, skip_empty_lines: true, info: true });
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  if (records.length === 0) throw invalid('it has no pairs');
  return records.map(({ record, info }) => {
    const missing = record['fold'] === '' ? 'fold' : columns.find((column) => !record[column]);
    if (missing !== undefined) throw invalid(`line ${info.lines} has no ${missing}`);
    const same = truths[record['same']!.toLowerCase()];
    if (same === undefined) throw invalid(`line ${info.lines}: same is ${record['same']}, not 1 or 0`);
    const inside = (file: string) => {
      const path = normalize(file);
      if (path.startsWith('..') || join('/', path) === path) {
        throw invalid(`line ${info.lines}: ${file} is not below the root folder`);
      }
      return path;
    };
    return {
      fileA: inside(record['fileA']!),
      fileB: inside(record['fileB']!),
      same,
      fold: record['fold'] ?? null,
    };
  });
}
