import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { writeWhole } from '../lib/write-whole.ts';
import { mostThreads, type Machine, type TunedThreads } from './threads.ts';

const threads = z.int().min(1).max(mostThreads);

export const measuredSchema = z.object({
  threads,
  median_ms: z.number().positive().describe('Of one photo from bytes to embedding.'),
  captures_per_s: z.number().positive(),
  cpu_s_per_capture: z.number().min(0).describe('Processor time of the whole process over all cores.'),
});

const tuningSchema = z.object({
  schema: z.literal('tuning/1'),
  threads: threads.describe('The choice.'),
  cpu: z.string(),
  cores: z.int(),
  fingerprint: z.string(),
  measured_at: z.string(),
  rounds: z.int(),
  measured: z.array(measuredSchema),
});

/** What was found on a machine with a pack. */
export type Tuning = z.infer<typeof tuningSchema>;

export function tuningFile(dataDir: string): string {
  return join(dataDir, 'tuning.json');
}

/**
 * The choice that was made on this machine, or null where there is none. A file that is damaged or can't be read is no
 * reason not to work: it is left out with a warning.
 */
export async function readTuning(file: string, machine: Machine, log: Log): Promise<TunedThreads | null> {
  let tuning: Tuning;
  try {
    tuning = tuningSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    // What a parser says would repeat the file's content.
    const reason = codeOf(error) ?? (error instanceof SyntaxError ? 'no JSON' : 'not of its schema');
    log.warn({ file, reason }, 'what `muster tune` found can not be read and is left out');
    return null;
  }
  if (tuning.cpu !== machine.cpu || tuning.cores !== machine.cores) {
    log.info({ file }, 'what `muster tune` found was measured on another machine and is left out');
    return null;
  }
  return { threads: tuning.threads, fingerprint: tuning.fingerprint };
}

/** Replaces the file as a whole. Throws MusterError `tuning_unwritable`. */
export async function writeTuning(file: string, tuning: Tuning): Promise<void> {
  try {
    await writeWhole(file, `${JSON.stringify(tuning, null, 2)}\n`);
  } catch (error) {
    throw new MusterError('tuning_unwritable', `${file} can't be written: ${messageOf(error)}`, {
      remedy: 'See that there is room on the disk and that this user may write in data_dir.',
      cause: error,
    });
  }
}
