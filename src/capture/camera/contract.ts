import type { EpochMs } from '../../lib/clock.ts';

/**
 * Gives one frame.
 *
 * @param jpeg in memory of its own
 * @param takenAt when the camera says that it was taken; null: it doesn't say
 * @returns an earlier frame that nobody needs any more, whose memory may be used for one to come
 */
export type OnFrame = (jpeg: Buffer, takenAt: EpochMs | null) => Buffer | undefined;

/**
 * Plays a camera until the signal aborts. It resolves only when everything is released, child processes included. Throws a
 * MusterError `camera` when the camera ends by itself or can't be had; the message tells no credentials.
 */
export type PlayCamera = (onFrame: OnFrame, signal: AbortSignal) => Promise<void>;
