import { setTimeout as sleep } from 'node:timers/promises';
import { createBell } from '../lib/bell.ts';
import type { Database, DatabaseEvents, WriteOutcome } from './contract.ts';

/** What waits for a line to be in the database. */
export interface Waiting {
  /** It is. */
  written(): void;
  /** The database does not take it, whatever is done. */
  refused(reason: string): void;
  /** It no longer waits: the same message came again in another session. */
  stale(): boolean;
}

export interface Writer {
  /** Writes a line, once, however many wait for it. */
  add(line: string, waiting: Waiting): void;
  /** How many lines are not in the database. */
  open(): number;
  /** Waits for what is open, until the signal aborts; then forgets it. */
  close(signal: AbortSignal): Promise<void>;
}

export interface WriterOptions {
  readonly openDatabase: (events: DatabaseEvents) => Database;
  readonly batchSize: number;
  /** Pauses between attempts that failed, ms: doubled from the first to the second. */
  readonly pauseMs: readonly [first: number, longest: number];
  /** 0..1, for the jitter of the pauses. */
  readonly random: () => number;
  /** Called with what each request came to. */
  readonly onOutcome: (outcome: WriteOutcome) => void;
  /** Called after what waits for a batch was told. */
  readonly onBatch: () => void;
}

/** So many lines refused one after the other, and not one taken: more likely the database's state than theirs. */
const suspicious = 10;

/**
 * Knows which lines are in the database and who waits for them. The client writes and retries batches; a batch that it hands back is
 * written here, piece by piece and without end: halved while the database refuses it until the bad line stands alone, waited with
 * while the database is away.
 */
export function createWriter(options: WriterOptions): Writer {
  const { batchSize, onOutcome } = options;
  const open = new Map<string, Waiting[]>();
  const held: string[] = [];
  const bell = createBell();
  const idle = createBell();
  /** The database takes lines again: no need to wait any longer. */
  const wake = createBell();
  const stop = new AbortController();
  let size = batchSize;
  let failures = 0;
  let refusedInARow = 0;
  let firstPauseMs = 0;

  const database = options.openDatabase({
    written(lines) {
      if (stop.signal.aborted) return;
      onOutcome({ kind: 'written' });
      failures = 0;
      refusedInARow = 0;
      wake.ring();
      settle(lines, (waiting) => waiting.written());
    },
    failing: onOutcome,
    handedBack(lines, outcome) {
      if (stop.signal.aborted) return;
      onOutcome(outcome);
      if (held.length === 0 && (outcome.kind === 'away' || outcome.kind === 'misconfigured')) {
        failures = Math.max(failures, 1);
        firstPauseMs = pauseAfter(outcome);
      }
      held.push(...lines);
      bell.ring();
    },
  });
  const recovering = recover();

  return {
    add(line, waiting) {
      const others = open.get(line);
      // A broker that comes and goes while the database is away sends the same messages time and again.
      open.set(line, [...(others ?? []).filter((one) => !one.stale()), waiting]);
      if (others === undefined) database.add(line);
    },
    open: () => open.size,
    async close(signal) {
      void database.flush();
      const patience = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      while (open.size > 0 && !signal.aborted) await Promise.race([idle.next(), patience]);
      stop.abort();
      bell.ring();
      database.close();
      await recovering;
    },
  };

  function settle(lines: readonly string[], tell: (waiting: Waiting) => void): void {
    for (const line of lines) {
      const waiting = open.get(line) ?? [];
      open.delete(line);
      for (const one of waiting) tell(one);
    }
    options.onBatch();
    if (open.size === 0) idle.ring();
  }

  async function recover(): Promise<void> {
    while (!stop.signal.aborted) {
      if (held.length === 0) {
        const rung = bell.next();
        if (held.length === 0) await rung;
        continue;
      }
      if (firstPauseMs > 0) {
        const ms = firstPauseMs;
        firstPauseMs = 0;
        await pause(ms);
        continue;
      }
      const lines = held.slice(0, size);
      const outcome = await database.write(lines);
      if (stop.signal.aborted) return;
      onOutcome(outcome);
      await heed(outcome, lines);
    }
  }

  async function heed(outcome: WriteOutcome, lines: readonly string[]): Promise<void> {
    switch (outcome.kind) {
      case 'written':
        failures = 0;
        refusedInARow = 0;
        size = Math.min(batchSize, size * 2);
        held.splice(0, lines.length);
        settle(lines, (waiting) => waiting.written());
        return;
      case 'refused':
      case 'too_large':
        if (lines.length > 1) {
          size = Math.ceil(lines.length / 2);
          return;
        }
        held.shift();
        refusedInARow += 1;
        settle(lines, (waiting) => waiting.refused(outcome.reason));
        // Not to throw away all there is within seconds, when what is wrong is the database.
        failures = Math.max(0, refusedInARow - suspicious);
        if (failures > 0) await pause(pauseAfter(outcome));
        return;
      case 'away':
      case 'misconfigured':
        failures += 1;
        await pause(pauseAfter(outcome));
        return;
    }
  }

  function pauseAfter(outcome: WriteOutcome): number {
    if (outcome.kind === 'away' && outcome.retryAfterMs !== null) return outcome.retryAfterMs;
    if (failures === 0) return 0;
    const [first, longest] = options.pauseMs;
    return Math.min(longest, first * 2 ** Math.min(failures - 1, 20)) * (0.5 + options.random() / 2);
  }

  async function pause(ms: number): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([stop.signal, ended.signal]);
    await Promise.race([sleep(ms, undefined, { signal }).catch(() => undefined), wake.next()]);
    ended.abort();
  }
}
