import type { EpochMs } from '../../lib/clock.ts';

/**
 * Gives one frame.
 *
 * @param jpeg in memory of its own
 * @param takenAt when the camera says that it was taken; null: it doesn't say
 */
export type OnFrame = (jpeg: Buffer, takenAt: EpochMs | null) => void;

/**
 * Plays a camera until the signal aborts. It resolves only when everything is released, child processes included. Throws a
 * MusterError `camera` when the camera ends by itself or can't be had; the message tells no credentials.
 */
export type PlayCamera = (onFrame: OnFrame, signal: AbortSignal) => Promise<void>;
