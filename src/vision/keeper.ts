import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { VisionThread } from './thread.ts';

/** Keeps one vision thread alive: when it is lost, another is started. */
export interface ThreadKeeper {
  /** The first thread. Rejects with the reason why it did not start; may then be called again. */
  first(): Promise<VisionThread>;
  /**
   * The living thread, which may be on its way yet. Rejects when it cannot be started or the keeper is
   * closed.
   */
  living(): Promise<VisionThread>;
  /** Ends a thread that hangs and starts another, without waiting for either. */
  giveUp(thread: VisionThread, reason: Error): void;
  /** Threads that were given up a while ago and have not ended: each keeps a core busy until the process ends. */
  hanging(): number;
  /** A job was answered: the thread is sound. */
  worked(): void;
  /** Ends the thread; no other follows. */
  close(): Promise<void>;
}

/**
 * The first thread lost is replaced at once; while threads are lost in a row, the wait doubles each time, ms.
 */
const shortestWaitMs = 100;
const longestWaitMs = 10_000;
/** A thread that was given up ends when the inference under way is done; one that has not by then hangs, ms. */
const hangsAfterMs = 30_000;

/**
 * Creates the keeper of threads that `start` makes. A thread whose loss is reported in two ways is replaced
 * once.
 */
export function createKeeper(start: () => Promise<VisionThread>, log: Log, clock: Clock): ThreadKeeper {
  const closing = new AbortController();
  const lost = new WeakSet<VisionThread>();
  let current: Promise<VisionThread> | undefined;
  /** Threads lost since a job was last answered, and when that last happened. */
  let losses = 0;
  let lostAt = 0;
  /** Threads that were given up and have not ended, and when that was. */
  const givenUp = new Map<VisionThread, number>();

  /** Makes `next` the current thread, or none when it fails. */
  function become(next: Promise<VisionThread>, onFailure: (error: unknown) => void): Promise<VisionThread> {
    current = next;
    next.catch((error: unknown) => {
      if (current === next) current = undefined;
      onFailure(error);
    });
    return next;
  }

  function renew(): Promise<VisionThread> {
    return become(startAfterWait(), (error) => noteLoss('the vision thread could not be started', error));
  }

  async function startAfterWait(): Promise<VisionThread> {
    const waitMs = losses < 2 ? 0 : Math.min(longestWaitMs, shortestWaitMs * 2 ** (losses - 2));
    await sleep(Math.max(0, lostAt + waitMs - clock.monotonic()), undefined, { signal: closing.signal });
    return adopt(await start());
  }

  /** Sees to it that the thread is replaced when it ends. */
  async function adopt(thread: VisionThread): Promise<VisionThread> {
    if (closing.signal.aborted) {
      await thread.end();
      throw new Error('vision is closed');
    }
    void thread.ended.then((reason) => lose(thread, reason));
    return thread;
  }

  function lose(thread: VisionThread, reason: Error): void {
    if (lost.has(thread) || closing.signal.aborted) return;
    lost.add(thread);
    noteLoss('the vision thread was lost', reason);
    void renew();
  }

  function noteLoss(what: string, reason: unknown): void {
    losses++;
    lostAt = clock.monotonic();
    if (closing.signal.aborted) return;
    const remedy = reason instanceof MusterError ? reason.remedy : undefined;
    log.error({ reason: messageOf(reason), losses, ...(remedy !== undefined && { remedy }) }, what);
  }

  return {
    first: () => become(start().then(adopt), () => {}),
    living: () => current ?? renew(),
    giveUp(thread, reason) {
      lose(thread, reason);
      givenUp.set(thread, clock.monotonic());
      void thread.ended.then(() => givenUp.delete(thread));
      void thread.end();
    },
    hanging() {
      const since = clock.monotonic() - hangsAfterMs;
      return [...givenUp.values()].filter((at) => at < since).length;
    },
    worked() {
      losses = 0;
    },
    async close() {
      closing.abort();
      const thread = await current?.catch(() => undefined);
      await thread?.end();
    },
  };
}
