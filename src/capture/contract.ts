import type { EpochMs } from '../lib/clock.ts';

/** A photo from the station, whole and in memory. */
export interface Capture {
  /** What the source calls it, such as the file's name. For logs only; never on a topic. */
  readonly name: string;
  /** The file's bytes. */
  readonly photo: Uint8Array;
  /** SHA-256 of `photo`, hex. */
  readonly sha256: string;
  readonly capturedAt: EpochMs;
  /** When the source first had the whole capture, monotonic ms: the start of the event's total latency. */
  readonly arrivedAt: number;
  /** Tells the source how the capture ended. Call it once, after the outcome is on disk. */
  settle(outcome: CaptureOutcome): Promise<void>;
}

export type CaptureOutcome =
  /** Its event is on disk: delete it, or keep it in `done/`. */
  | { readonly kind: 'decided' }
  /** It can't be analysed, now or later: set it aside in `failed/` with the reason beside it. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** The bytes may not be whole yet, or the station can't work now: leave it and offer it again later. */
  | { readonly kind: 'later'; readonly message: string };

/** Where captures come from. */
export interface CaptureSource {
  /** Makes ready what captures are put into. Throws MusterError `capture_folder` where that can't be had. */
  open(): Promise<void>;
  /**
   * Captures, the oldest first, until the signal aborts; then it ends by itself. Each capture that was not
   * settled as decided or failed is offered again, at the latest when the station starts anew.
   */
  captures(signal: AbortSignal): AsyncIterable<Capture>;
  /** Looks for captures now. Resolves with how many are waiting or under way; 0 while `captures` doesn't run. */
  rescan(): Promise<number>;
}
