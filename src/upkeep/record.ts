import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../lib/write-whole.ts';
import { jobNames, runSchema } from './contract.ts';

const recordSchema = z.object({
  jobs: z.partialRecord(
    z.enum(jobNames),
    z.object({
      last: runSchema.nullable(),
      /** When it was to run next, as it was known last: a time that has passed was missed. */
      due: z.number().nullable(),
    }),
  ),
});

/** What is known of the jobs from one life of the station to the next. */
export type UpkeepRecord = z.infer<typeof recordSchema>;

export function upkeepFile(dataDir: string): string {
  return join(dataDir, 'upkeep.json');
}

/** Null where there is none, or a damaged one: it is written anew with the next run. */
export async function readUpkeepRecord(file: string): Promise<UpkeepRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

export async function writeUpkeepRecord(file: string, record: UpkeepRecord): Promise<void> {
  await writeWhole(file, JSON.stringify(record));
}
