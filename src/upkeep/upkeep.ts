import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isoTime, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { round } from '../lib/round.ts';
import type { Alerts } from '../telemetry/alerts.ts';
import type { JobName, JobRun, Upkeep, UpkeepJob } from './contract.ts';
import type { Timer, Timetable } from './cron.ts';
import { readUpkeepRecord, writeUpkeepRecord } from './record.ts';

export interface UpkeepOptions {
  readonly jobs: readonly UpkeepJob[];
  readonly timetable: Timetable;
  /** Keeps the last runs over a restart. */
  readonly file: string;
  /** From the start to the first missed job, ms: the station has other things to do then. */
  readonly settleMs?: number;
  readonly alerts: Pick<Alerts, 'raise' | 'clear'>;
  /** 0..1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends what waits, and tells jobs to end. */
  readonly signal: AbortSignal;
}

interface Entry {
  readonly job: UpkeepJob;
  timer: Timer | null;
  last: JobRun | null;
  state: 'idle' | 'waiting' | 'running';
  /** The run that waits or goes on: who asks meanwhile gets the same. */
  underWay: Promise<JobRun> | null;
}

/** Runs each job at its times, one job at a time, and remembers what came of it. */
export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { timetable, file, alerts, random, clock, log, settleMs = 30_000 } = options;
  const ending = new AbortController();
  const { signal } = ending;
  // Every job that waits listens to it.
  setMaxListeners(0, signal);
  const entries = new Map<JobName, Entry>(
    options.jobs.map((job) => [job.name, { job, timer: null, last: null, state: 'idle', underWay: null }]),
  );
  let queue: Promise<unknown> = Promise.resolve();
  let saving: Promise<void> = Promise.resolve();
  const waiting = new Set<Promise<unknown>>();
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();

  return {
    async start() {
      const record = await readUpkeepRecord(file);
      const missed: Entry[] = [];
      for (const entry of entries.values()) {
        const { job } = entry;
        const known = record?.jobs[job.name];
        entry.last = known?.last ?? null;
        if (job.schedule === null || signal.aborted) continue;
        entry.timer = timetable(job.schedule, () => later(entry, random() * job.jitterMs, 'schedule'));
        const neverRan = job.whenMissed === 'run' && entry.last === null;
        const passed = job.whenMissed !== 'skip' && known?.due != null && known.due < clock.now();
        if (neverRan || passed) missed.push(entry);
      }
      for (const entry of missed) later(entry, settleMs * (1 + random()), 'missed');
      // What is still to be run stays due, should the station end before.
      await save(missed);
    },

    list: () =>
      [...entries.values()].map(({ job: { name, summary, schedule }, timer, state, last }) => {
        const next = timer?.next() ?? null;
        return { name, summary, schedule, state, next: next === null ? null : isoTime(next), last };
      }),

    run(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw new Error(`there is no job ${name}`);
      return begin(entry, 'hand');
    },

    async close() {
      stop();
      await Promise.all(waiting);
      await queue;
      await saving;
    },
  };

  function stop(): void {
    ending.abort();
    for (const { timer } of entries.values()) timer?.stop();
  }

  function later(entry: Entry, ms: number, by: JobRun['by']): void {
    const wait = sleep(ms, undefined, { signal, ref: false })
      .then(() => begin(entry, by))
      .catch(() => undefined)
      .finally(() => waiting.delete(wait));
    waiting.add(wait);
  }

  function begin(entry: Entry, by: JobRun['by']): Promise<JobRun> {
    if (entry.underWay !== null) return entry.underWay;
    entry.state = 'waiting';
    const run = queue.then(() => execute(entry, by));
    entry.underWay = run;
    queue = run;
    return run;
  }

  /** Never rejects. */
  async function execute(entry: Entry, by: JobRun['by']): Promise<JobRun> {
    const { job } = entry;
    const at = isoTime(clock.now());
    const started = clock.monotonic();
    entry.state = 'running';
    const result = await Promise.resolve()
      .then(() => {
        signal.throwIfAborted();
        return job.run(signal);
      })
      .then(
        (message) => ({ ok: true, message }),
        (error: unknown) => ({ ok: false, message: messageOf(error) }),
      );
    const run: JobRun = { at, ms: round(clock.monotonic() - started, 1), ...result, by };
    entry.state = 'idle';
    entry.underWay = null;
    // A job that was cut short by the station's end has not failed: it is still due.
    if (signal.aborted && !run.ok) return run;
    entry.last = run;
    tell(job, run);
    if (job.whenMissed !== 'skip') await save([]);
    return run;
  }

  function tell({ name, alert, whenMissed }: UpkeepJob, { ok, ms, message }: JobRun): void {
    // What comes every minute or hour is no news.
    if (ok) log[whenMissed === 'skip' ? 'debug' : 'info']({ job: name, ms }, `upkeep: ${message}`);
    const failing = [...entries.values()].filter(
      ({ job, last }) => job.alert === alert && last?.ok === false,
    );
    if (failing.length === 0) return alerts.clear(alert);
    const words = failing.map(({ job, last }) => `${job.name}: ${last?.message}`).join('; ');
    alerts.raise(alert, 'error', `the station's upkeep found or met a fault: ${words}`);
  }

  /** Never rejects: a full disk is the disk job's matter. */
  function save(stillDue: readonly Entry[]): Promise<void> {
    saving = saving.then(async () => {
      const kept = [...entries.values()].filter(({ job }) => job.whenMissed !== 'skip');
      const jobs = Object.fromEntries(
        kept.map((entry) => {
          const due = stillDue.includes(entry) ? clock.now() : (entry.timer?.next() ?? null);
          return [entry.job.name, { last: entry.last, due }];
        }),
      );
      await writeUpkeepRecord(file, { jobs }).catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'the last runs of the upkeep can not be written');
      });
    });
    return saving;
  }
}
