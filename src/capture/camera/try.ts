import type { Clock } from '../../lib/clock.ts';
import { MusterError } from '../../lib/errors.ts';
import type { PlayCamera } from './contract.ts';

export interface CameraTrial {
  readonly jpeg: Buffer;
  readonly frames: number;
  /** Frames a second, from the first to the last. */
  readonly fps: number;
  /** From the start to the first frame, ms. */
  readonly firstMs: number;
  /** Of a frame, bytes. */
  readonly meanBytes: number;
}

/** Plays a camera for a time, and gives its last frame and what was measured. Throws MusterError `camera` where it gives none. */
export async function tryCamera(
  play: PlayCamera,
  {
    forMs,
    patienceMs,
    clock,
  }: { readonly forMs: number; readonly patienceMs: number; readonly clock: Clock },
  outerSignal: AbortSignal,
): Promise<CameraTrial> {
  const ending = new AbortController();
  const signal = AbortSignal.any([outerSignal, ending.signal]);
  const startedAt = clock.monotonic();
  const arrivals: number[] = [];
  let bytes = 0;
  let newest: Buffer | null = null;
  const end = () => ending.abort();
  let timer = setTimeout(end, patienceMs);
  let ended: unknown = null;
  try {
    await play((jpeg) => {
      if (arrivals.length === 0) {
        clearTimeout(timer);
        timer = setTimeout(end, forMs);
      }
      arrivals.push(clock.monotonic());
      bytes += jpeg.length;
      newest = jpeg;
      return undefined;
    }, signal);
  } catch (error) {
    if (!signal.aborted) ended = error;
  } finally {
    clearTimeout(timer);
  }
  outerSignal.throwIfAborted();
  if (ended !== null) throw ended;
  const [first, last] = [arrivals[0], arrivals.at(-1)];
  if (newest === null || first === undefined || last === undefined) {
    throw new MusterError('camera', `the camera gave no picture within ${patienceMs / 1000} s`, {
      remedy: 'Check that it is a camera that gives pictures; `muster camera list` shows what is found.',
    });
  }
  const fps = last > first ? ((arrivals.length - 1) * 1000) / (last - first) : 0;
  return {
    jpeg: newest,
    frames: arrivals.length,
    fps,
    firstMs: first - startedAt,
    meanBytes: bytes / arrivals.length,
  };
}
