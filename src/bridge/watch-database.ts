import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../lib/log.ts';
import type { DatabaseCheck } from './check.ts';
import type { WriteOutcome } from './contract.ts';
import type { BridgeHealthPayload } from './payloads.ts';

export interface DatabaseWatch {
  /** As of the last request. */
  status(): BridgeHealthPayload['database'];
  /** What a write came to. */
  heard(outcome: WriteOutcome): void;
  /** Asks the database at the start; again, in the background, until it answers well or something was written. */
  start(): Promise<void>;
  close(): void;
}

export interface DatabaseWatchOptions {
  readonly check: () => Promise<DatabaseCheck>;
  readonly recheckMs: number;
  /** Called when it changes, with what is wrong, or null. */
  readonly onTrouble: (message: string | null) => void;
  readonly log: Log;
}

/** Knows how the database is, and says each change once. */
export function createDatabaseWatch({
  check,
  recheckMs,
  onTrouble,
  log,
}: DatabaseWatchOptions): DatabaseWatch {
  const stop = new AbortController();
  let status: BridgeHealthPayload['database'] = 'unknown';
  let told = '';

  return {
    status: () => status,
    heard(outcome) {
      if (outcome.kind === 'written') good('the database takes points again');
      else if (outcome.kind === 'away') bad('away', outcome.reason, 'Nothing is lost: the broker keeps it.');
      else if (outcome.kind === 'misconfigured') bad('misconfigured', outcome.reason, outcome.remedy);
      // A database that refuses a point is there.
    },
    async start() {
      if (!(await look())) void lookAgain();
    },
    close: () => stop.abort(),
  };

  async function look(): Promise<boolean> {
    const found = await check();
    if (stop.signal.aborted) return true;
    if (found.kind === 'ok') {
      log.info(
        { server: found.server, ...(found.note === null ? {} : { note: found.note }) },
        'the database answers',
      );
      good(null);
      return true;
    }
    // What a write has told in the meantime is newer.
    if (status === 'ok') return true;
    if (found.kind === 'away')
      bad(
        'away',
        found.reason,
        'Check influx.url and that the database runs. The bridge goes on and tries again.',
      );
    else bad('misconfigured', found.reason, found.remedy);
    return false;
  }

  async function lookAgain(): Promise<void> {
    const { signal } = stop;
    do {
      await sleep(recheckMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || status === 'ok') return;
    } while (!(await look()));
  }

  function good(message: string | null): void {
    const before = status;
    status = 'ok';
    told = '';
    if (before === 'ok') return;
    if (before !== 'unknown' && message !== null) log.info(message);
    onTrouble(null);
  }

  /** A new kind of trouble is told; its wording may change with each attempt. */
  function bad(kind: 'away' | 'misconfigured', reason: string, remedy: string): void {
    status = kind;
    onTrouble(reason);
    if (told === kind) return;
    told = kind;
    const what = kind === 'away' ? 'the database is away' : 'the database does not let the bridge write';
    log[kind === 'away' ? 'warn' : 'error']({ remedy }, `${what}: ${reason}`);
  }
}
