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
  /** Returns a frame that nobody needs any more: the one whose place it takes, or one that was given back. */
  put(frame: Frame): Frame | null;
  /** Whether a frame waits to be taken. */
  isFilled(): boolean;
  /** The newest frame that was not taken yet, or null. */
  take(): Frame | null;
  /** Whoever took it is done with it. */
  giveBack(frame: Frame): void;
  /** Resolves when there is a frame, or when the signal aborts. */
  filled(signal: AbortSignal): Promise<void>;
  /** The newest frame, taken or not. Whoever asks keeps it. */
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
  let givenBack: Frame | null = null;
  const kept = new WeakSet<Frame>();

  return {
    put(frame) {
      const unneeded = waiting ?? givenBack;
      if (unneeded === givenBack) givenBack = null;
      waiting = newest = frame;
      arrivals.push(frame.arrivedAt);
      if (arrivals.length > rateFrames) arrivals.shift();
      bell.ring();
      return unneeded === null || kept.has(unneeded) ? null : unneeded;
    },
    isFilled: () => waiting !== null,
    take() {
      const frame = waiting;
      waiting = null;
      return frame;
    },
    giveBack(frame) {
      givenBack = frame;
    },
    async filled(signal) {
      const wake = () => bell.ring();
      signal.addEventListener('abort', wake, { once: true });
      while (waiting === null && !signal.aborted) await bell.next();
      signal.removeEventListener('abort', wake);
    },
    newest() {
      if (newest !== null) kept.add(newest);
      return newest;
    },
    fps() {
      const span = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
      return span <= 0 ? 0 : ((arrivals.length - 1) * 1000) / span;
    },
  };
}
