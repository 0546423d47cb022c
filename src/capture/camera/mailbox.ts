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
  /** Returns the frame whose place it takes, where nobody has ever been given that. */
  put(frame: Frame): Frame | null;
  /** Whether a frame waits to be taken. */
  isFilled(): boolean;
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
  let isShown = false;

  return {
    put(frame) {
      const passedOver = isShown ? null : waiting;
      waiting = newest = frame;
      isShown = false;
      arrivals.push(frame.arrivedAt);
      if (arrivals.length > rateFrames) arrivals.shift();
      bell.ring();
      return passedOver;
    },
    isFilled: () => waiting !== null,
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
    newest() {
      isShown = true;
      return newest;
    },
    fps() {
      const span = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
      return span <= 0 ? 0 : ((arrivals.length - 1) * 1000) / span;
    },
  };
}
