import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { messageOf, MusterError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { CameraStatus } from '../contract.ts';
import type { OnFrame, PlayCamera } from './contract.ts';

/** Keeps a camera playing: one that ends, hangs or sends nothing of use is started again, for ever. */
export interface CameraKeeper {
  /** Plays until the signal aborts, and resolves when the camera is released. Never rejects for what a camera does. */
  run(onFrame: OnFrame, signal: AbortSignal): Promise<void>;
  /** A frame was of use: when several were, the trouble is over. */
  worked(): void;
  /** What it sends is of no use: starts it again. */
  giveUp(reason: string): void;
  status(): Pick<CameraStatus, 'state' | 'message' | 'restarts'>;
}

export interface KeeperOptions {
  readonly play: PlayCamera;
  /** Without a frame for so long it counts as hanging, ms. */
  readonly stallMs: number;
  /** The pause before the first new start, ms; doubled with each, up to `longestWaitMs`. */
  readonly shortestWaitMs?: number;
  readonly longestWaitMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** It fails, and why (null: it works again). */
  readonly onTrouble: (message: string | null) => void;
}

/** Frames of use after which it is believed to work. */
const enoughFrames = 3;

export function createKeeper(options: KeeperOptions): CameraKeeper {
  const { play, stallMs, shortestWaitMs = 500, longestWaitMs = 30_000, clock, log, onTrouble } = options;
  let state: CameraStatus['state'] = 'starting';
  let message: string | null = null;
  let restarts = 0;
  /** Since the last start, or the last trouble. */
  let goodFrames = 0;
  let failures = 0;
  let attempt = new AbortController();
  /** Why this attempt was given up. */
  let reason: string | null = null;

  return {
    async run(onFrame, signal) {
      while (!signal.aborted) {
        goodFrames = 0;
        await playOnce(onFrame, signal);
        if (signal.aborted) return;
        restarts += 1;
        const waitMs = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(failures, 20));
        failures += 1;
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
    worked() {
      goodFrames += 1;
      if (goodFrames !== enoughFrames) return;
      failures = 0;
      message = null;
      if (state !== 'running') log.info({ restarts }, 'the camera gives pictures');
      state = 'running';
      onTrouble(null);
    },
    giveUp,
    status: () => ({ state, message, restarts }),
  };

  function giveUp(why: string): void {
    reason ??= why;
    attempt.abort();
  }

  async function playOnce(onFrame: OnFrame, signal: AbortSignal): Promise<void> {
    attempt = new AbortController();
    reason = null;
    let lastFrameAt = clock.monotonic();
    const watch = setInterval(() => {
      if (clock.monotonic() - lastFrameAt > stallMs) giveUp(`no picture came for ${stallMs / 1000} s`);
    }, stallMs / 4);
    try {
      await play(
        (jpeg, takenAt) => {
          lastFrameAt = clock.monotonic();
          return onFrame(jpeg, takenAt);
        },
        AbortSignal.any([signal, attempt.signal]),
      );
      if (!signal.aborted) fail(reason ?? 'it ended');
    } catch (error) {
      if (signal.aborted) return;
      const remedy = error instanceof MusterError && error.remedy !== undefined ? ` ${error.remedy}` : '';
      fail(reason ?? `${messageOf(error)}.${remedy}`);
    } finally {
      clearInterval(watch);
    }
  }

  function fail(why: string): void {
    state = 'failing';
    message = why;
    onTrouble(why);
  }
}
