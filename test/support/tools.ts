import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';

export const silentLog: Log = pino({ level: 'silent' });

/** A log whose lines a test can read. */
export function recordingLog(): {
  log: Log;
  lines: () => { level: number; msg: string; [key: string]: unknown }[];
} {
  const written: string[] = [];
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => void written.push(line) });
  return { log, lines: () => written.map((line) => JSON.parse(line) as { level: number; msg: string }) };
}

/** A folder that is gone when the test is over, or when `cleanUp` says: `afterAll` for those of a whole file. */
export async function temporaryFolder(
  cleanUp: (work: () => Promise<void>) => void = onTestFinished,
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-test-'));
  cleanUp(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A clock that moves only when it is told to. */
export function manualClock(
  start = Date.parse('2026-11-23T09:00:00.000Z'),
): Clock & { advance(ms: number): void } {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance(ms) {
      elapsed += ms;
    },
  };
}

/** Waits until `check` holds; fails with `what` after `timeoutMs`. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
