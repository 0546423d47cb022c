import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when the work is done, `ms` have passed, or the signal aborts. Rejects with the work. */
export async function inTime(work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const over = AbortSignal.any([signal, done.signal]);
  try {
    await Promise.race([work, sleep(ms, undefined, { signal: over }).catch(() => undefined)]);
  } finally {
    done.abort();
  }
}
