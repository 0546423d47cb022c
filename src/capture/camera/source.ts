import { setTimeout as sleep } from 'node:timers/promises';
import { createBell } from '../../lib/bell.ts';
import type { Clock, EpochMs } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Attention, CameraSource, CaptureOutcome, PhotoCapture } from '../contract.ts';
import { sha256 } from '../read-photo.ts';
import type { PlayCamera } from './contract.ts';
import { createKeeper, type KeeperOptions } from './keeper.ts';
import { createMailbox, type Frame } from './mailbox.ts';
import type { MotionGate } from './motion.ts';

export interface CameraOptions extends Omit<KeeperOptions, 'onTrouble'> {
  readonly play: PlayCamera;
  /** Frames a second that are looked at, at the most; asked anew for each, as a hot board is given less to do. */
  readonly fps: () => number;
  readonly stallMs: number;
  /** Null: every frame is analysed. */
  readonly motion: {
    /** Makes a new gate: the picture before a restart is of no use. */
    readonly gate: () => MotionGate;
    /** A frame in which nothing moves is analysed this long after the last one where something has changed since that, ms. */
    readonly fullLookMs: number;
    /** The same where nothing has changed, ms. */
    readonly unchangedLookMs: number;
  } | null;
  /** A small grey picture of a JPEG; null where it can't be decoded. */
  readonly thumbnail: (jpeg: Uint8Array) => Promise<Uint8Array | null>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onTrouble: (message: string | null) => void;
}

/** Looks a second while nothing happens, at the most: somebody is noticed half a second after they come into sight. */
const idleFps = 2;
/** Between two looks at people who are decided about, ms. */
const nowAndThenMs = 400;
/** A frame rate is never exact: a frame that is this much early is taken. */
const early = 0.8;
/** Frames in a row that can't be decoded, after which the camera is started again. */
const maxBadFrames = 10;
/** A camera's own time counts when it is this near to the station's, ms. */
const maxClockError = 10_000;
/** How long `rescan` waits for the next frame, ms. */
const rescanMs = 2_000;

/**
 * Captures from a camera. The newest frame wins: while one is under way, those that come are passed over. While nobody is there, small
 * grey pictures tell whether something moves, and only then a frame is analysed.
 */
export function createCameraSource(options: CameraOptions): CameraSource {
  const { clock, motion, log } = options;
  const keeper = createKeeper(options);
  const mailbox = createMailbox();
  const settled = createBell();
  let attention: Attention = motion === null ? 'every-frame' : 'motion';
  let gate = motion?.gate();
  let underWay = false;
  let lookNow = false;
  let lookedAt = -Infinity;
  let analysedAt = -Infinity;
  let badFrames = 0;
  const counts = { frames: 0, analysed: 0, dropped: 0 };

  return {
    open: () => Promise.resolve(),

    async *captures(outerSignal) {
      const ending = new AbortController();
      const signal = AbortSignal.any([outerSignal, ending.signal]);
      const wake = () => settled.ring();
      signal.addEventListener('abort', wake, { once: true });
      const playing = keeper.run(onFrame, signal);
      try {
        for (let frame = await next(signal); frame !== null; frame = await next(signal)) {
          const capture = (await isWorthALook(frame)) ? await captureOf(frame) : null;
          mailbox.giveBack(frame);
          if (capture === null) continue;
          analysedAt = frame.arrivedAt;
          counts.analysed += 1;
          underWay = true;
          yield capture;
          while (isUnderWay() && !signal.aborted) await settled.next();
        }
      } finally {
        ending.abort();
        await playing;
      }
    },

    async rescan() {
      lookNow = true;
      const newest = mailbox.newest();
      if (newest === null || clock.monotonic() - newest.arrivedAt > options.stallMs) return 0;
      const end = AbortSignal.timeout(rescanMs);
      const wake = () => settled.ring();
      end.addEventListener('abort', wake, { once: true });
      while ((lookNow || isUnderWay()) && !end.aborted) await settled.next();
      return lookNow || isUnderWay() ? 1 : 0;
    },

    latestFrame() {
      const frame = mailbox.newest();
      if (frame === null || clock.monotonic() - frame.arrivedAt > options.stallMs) return null;
      return { jpeg: frame.jpeg, at: frame.at };
    },

    status() {
      const newest = mailbox.newest();
      const age = newest === null ? null : clock.monotonic() - newest.arrivedAt;
      const fps = age === null || age > options.stallMs ? 0 : mailbox.fps();
      return { ...keeper.status(), ...counts, lastFrameAgeMs: age, fps, maxFps: options.fps() };
    },
  };

  /** Asked anew each time, as it changes while others wait. */
  function isUnderWay(): boolean {
    return underWay;
  }

  function onFrame(jpeg: Buffer, takenAt: EpochMs | null): Buffer | undefined {
    counts.frames += 1;
    if (underWay && mailbox.isFilled()) counts.dropped += 1;
    const now = clock.now();
    const at = takenAt !== null && Math.abs(now - takenAt) <= maxClockError ? takenAt : now;
    return mailbox.put({ jpeg, at, arrivedAt: clock.monotonic() })?.jpeg;
  }

  /** The newest frame, when it is time for one; null at the end. */
  async function next(signal: AbortSignal): Promise<Frame | null> {
    const wait = lookedAt + pauseMs() - clock.monotonic();
    if (wait > 0 && Number.isFinite(wait) && !lookNow)
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    await mailbox.filled(signal);
    lookedAt = clock.monotonic();
    return signal.aborted ? null : mailbox.take();
  }

  function pauseMs(): number {
    const everyFrame = (1000 / options.fps()) * early;
    if (attention === 'every-frame') return everyFrame;
    return Math.max(everyFrame, attention === 'motion' ? 1000 / idleFps : nowAndThenMs);
  }

  async function isWorthALook(frame: Frame): Promise<boolean> {
    if (motion === null || attention !== 'motion' || lookNow) {
      gate?.forget();
      return true;
    }
    const thumbnail = await options.thumbnail(frame.jpeg);
    if (thumbnail === null) {
      bad();
      return false;
    }
    good();
    const glance = gate?.look(thumbnail) ?? 'moved';
    const longest = glance === 'changed' ? motion.fullLookMs : motion.unchangedLookMs;
    if (glance !== 'moved' && frame.arrivedAt - analysedAt < longest) return false;
    gate?.analysed();
    return true;
  }

  function good(): void {
    badFrames = 0;
    keeper.worked();
  }

  function bad(): void {
    badFrames += 1;
    if (badFrames < maxBadFrames) return;
    badFrames = 0;
    gate = motion?.gate();
    keeper.giveUp(`its pictures can't be decoded`);
  }

  async function captureOf(frame: Frame): Promise<PhotoCapture> {
    // A copy: whoever analyses a photo takes its memory over, and the newest frame may be asked for.
    const photo = new Uint8Array(frame.jpeg);
    return {
      kind: 'frame',
      name: 'frame',
      photo,
      sha256: await sha256(photo),
      capturedAt: frame.at,
      arrivedAt: frame.arrivedAt,
      settle,
    };
  }

  function settle(outcome: CaptureOutcome): Promise<void> {
    if (outcome.kind === 'decided') {
      good();
      if (motion !== null) attention = outcome.attention ?? 'motion';
    } else if (outcome.kind === 'failed') {
      log.debug({ code: outcome.code }, 'a frame could not be analysed');
      gate?.forget();
      // A lost vision worker is not the camera's fault.
      if (outcome.code === 'not_an_image' || outcome.code === 'too_many_pixels') bad();
    }
    underWay = false;
    lookNow = false;
    settled.ring();
    return Promise.resolve();
  }
}
