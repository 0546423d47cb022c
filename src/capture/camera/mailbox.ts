import { createBell } from '../../lib/bell.ts';
import type { EpochMs } from '../../lib/clock.ts';

/** A frame as it came from the camera. */
export interface Frame {
  readonly jpeg: Buffer;
  readonly at: EpochMs;
  /** Monotonic ms. */
  readonly arrivedAt: number;
}

/** Holds the newest frame until it is taken: a new one takes the place of the one before. */
export interface Mailbox {
  put(frame: Frame): void;
  /** The newest frame that was not taken yet, or null. */
  take(): Frame | null;
  /** Resolves when there is a frame, or when the signal aborts. */
  filled(signal: AbortSignal): Promise<void>;
  /** The newest frame, taken or not. */
  newest(): Frame | null;
  /** Frames a second over the last frames. */
  fps(): number;
}

/** Frames over which the rate is measured. */
const rateFrames = 20;

export function createMailbox(): Mailbox {
  const bell = createBell();
  const arrivals: number[] = [];
  let waiting: Frame | null = null;
  let newest: Frame | null = null;

  return {
    put(frame) {
      waiting = newest = frame;
      arrivals.push(frame.arrivedAt);
      if (arrivals.length > rateFrames) arrivals.shift();
      bell.ring();
    },
    take() {
      const frame = waiting;
      waiting = null;
      return frame;
    },
    async filled(signal) {
      const wake = () => bell.ring();
      signal.addEventListener('abort', wake, { once: true });
      while (waiting === null && !signal.aborted) await bell.next();
      signal.removeEventListener('abort', wake);
    },
    newest: () => newest,
    fps() {
      const span = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
      return span <= 0 ? 0 : ((arrivals.length - 1) * 1000) / span;
    },
  };
}
