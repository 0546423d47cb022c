import { z } from 'zod';

/** The jobs by which a station looks after itself, in the order of the list. */
export const jobNames = [
  'disk',
  'retention',
  'self-test',
  'gallery',
  'compaction',
  'summary',
  'backup',
] as const;
export type JobName = (typeof jobNames)[number];

/** Work that is done again and again. */
export interface UpkeepJob {
  readonly name: JobName;
  /** Half a sentence for the list. */
  readonly summary: string;
  /** A cron expression; null: only when it is asked for. */
  readonly schedule: string | null;
  /**
   * What happens when its time came while the station was off: `run` it after the start, also where it has never run, `due` the same
   * but not before its first time, `skip`.
   */
  readonly whenMissed: 'run' | 'due' | 'skip';
  /** Up to so much later than its time, by chance, ms: a fleet must not act at once. */
  readonly jitterMs: number;
  /** Raised while its last run failed. */
  readonly alert: 'upkeep-failing' | 'self-test-failing';
  /**
   * Resolves with words on what was done; a rejection is a failure. It works in parts and never holds the loop up. Only one job runs
   * at a time.
   */
  run(signal: AbortSignal): Promise<string>;
}

export const runSchema = z.object({
  at: z.iso.datetime({ precision: 3 }).describe('When it began.'),
  ms: z.number(),
  ok: z.boolean(),
  message: z.string().describe('What was done, or why it failed.'),
  by: z
    .enum(['schedule', 'missed', 'hand'])
    .describe('What began it; missed: its time came while the station was off.'),
});
/** One run of a job. */
export type JobRun = z.infer<typeof runSchema>;

export interface JobReport {
  readonly name: JobName;
  readonly summary: string;
  readonly schedule: string | null;
  readonly state: 'idle' | 'waiting' | 'running';
  readonly next: string | null;
  readonly last: JobRun | null;
}

export interface Upkeep {
  /** Begins the schedules; what was missed while the station was off is run soon after. Never rejects. */
  start(): Promise<void>;
  list(): readonly JobReport[];
  /** Runs a job now, or when the one that runs has ended. Resolves with what came of it, also of a failure. */
  run(name: JobName): Promise<JobRun>;
  /** Ends the schedules; resolves when nothing runs any more. */
  close(): Promise<void>;
}
