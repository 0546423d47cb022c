import { watch, type FSWatcher } from 'node:fs';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { makeFolder } from './durable-file.ts';

/** Events of one commit come within milliseconds: they are one hint. */
const settleMs = 20;

/**
 * Yields whenever something may have changed in the folder: at once, after each event of the file system, and every
 * `pollMs` because network drives and a folder that was made anew give no events. Ends when the signal aborts.
 * It keeps no process alive.
 */
export async function* hintsOfChange(
  dir: string,
  { signal, pollMs, log }: { signal: AbortSignal; pollMs: number; log: Log },
): AsyncGenerator<void> {
  let wake: (() => void) | undefined;
  let watcher: FSWatcher | undefined;
  const poll = setInterval(() => wake?.(), pollMs).unref();
  const onAbort = () => wake?.();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await makeFolder(dir);
    watcher = watch(dir, { persistent: false }, () => setTimeout(() => wake?.(), settleMs).unref());
    watcher.on('error', (error) =>
      log.debug({ reason: messageOf(error) }, 'no file events of the gallery; polling'),
    );
  } catch (error) {
    log.debug({ reason: messageOf(error) }, 'no file events of the gallery; polling');
  }
  try {
    while (!signal.aborted) {
      const next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield;
      await next;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearInterval(poll);
    watcher?.close();
  }
}
