import type { EpochMs } from '../lib/clock.ts';

interface CaptureFacts {
  /** What the source calls it, such as the file's name. For logs only; never on a topic. */
  readonly name: string;
  /** SHA-256 of the photo, or of all photos of a burst, hex. */
  readonly sha256: string;
  readonly capturedAt: EpochMs;
  /** When the source first had the whole capture, monotonic ms: the start of the event's total latency. */
  readonly arrivedAt: number;
  /** Tells the source how the capture ended. Call it once, after the outcome is on disk. */
  settle(outcome: CaptureOutcome): Promise<void>;
}

/** One picture from the station, whole and in memory: a photo is decided alone, a camera's frame together with those around it. */
export interface PhotoCapture extends CaptureFacts {
  readonly kind: 'photo' | 'frame';
  /** The file's bytes. */
  readonly photo: Uint8Array;
}

/** Several photos of one visit, which make one decision. */
export interface BurstCapture extends CaptureFacts {
  readonly kind: 'burst';
  /** In the order in which they were taken, at least one. */
  readonly photos: readonly Uint8Array[];
}

export type Capture = PhotoCapture | BurstCapture;

/** How closely a camera should look from now on: at every frame, now and then, or only when something moves. */
export type Attention = 'every-frame' | 'now-and-then' | 'motion';

export type CaptureOutcome =
  /** Its event is on disk: delete it, or keep it in `done/`. A camera's frame need not have made an event. */
  | { readonly kind: 'decided'; readonly attention?: Attention }
  /** It can't be analysed, now or later: set it aside in `failed/` with the reason beside it. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** The bytes may not be whole yet, or the station can't work now: leave it and offer it again later. */
  | { readonly kind: 'later'; readonly message: string };

/** Where captures come from. */
export interface CaptureSource<C extends Capture = Capture> {
  /** Makes ready what captures are put into. Throws MusterError `capture_folder` where that can't be had. */
  open(): Promise<void>;
  /**
   * Captures, the oldest first, until the signal aborts; then it ends by itself. Each capture that was not
   * settled as decided or failed is offered again, at the latest when the station starts anew; except a camera's frames, which pass.
   */
  captures(signal: AbortSignal): AsyncIterable<C>;
  /** Looks for captures now. Resolves with how many are waiting or under way; 0 while `captures` doesn't run. */
  rescan(): Promise<number>;
}

export interface CameraFrame {
  /** Not to be changed. */
  readonly jpeg: Uint8Array;
  readonly at: EpochMs;
}

export interface CameraStatus {
  /** `failing`: it is started again and again; `message` says why. */
  readonly state: 'starting' | 'running' | 'failing';
  readonly message: string | null;
  /** Age of the newest frame, ms; null before the first. */
  readonly lastFrameAgeMs: number | null;
  /** Frames a second that arrive. */
  readonly fps: number;
  /** Frames a second that are looked at now, at the most. */
  readonly maxFps: number;
  /** Frames since the start: those that came, that were analysed, and that were passed over because the station was busy. */
  readonly frames: number;
  readonly analysed: number;
  readonly dropped: number;
  /** How often the camera had to be started again. */
  readonly restarts: number;
}

/** A running camera. At most one of its frames is under way; the next is the newest at that time. A camera that fails is started again for ever. */
export interface CameraSource extends CaptureSource<PhotoCapture> {
  /** The newest frame; null while there is none that is younger than the time after which a camera counts as stalled. */
  latestFrame(): CameraFrame | null;
  status(): CameraStatus;
}
