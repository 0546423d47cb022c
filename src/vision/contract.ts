/**
 * What the vision room promises: photo bytes in, embedded faces out. Everything is in pixels of the upright
 * photo (EXIF rotation applied, before any shrinking): x to the right, y down, the top left corner is 0,0.
 */

/** `[x1, y1, x2, y2]`, px; may reach beyond the photo where a face is cut by its edge. */
export type Box = readonly [number, number, number, number];

/** `[x, y]`, px. */
export type Point = readonly [number, number];

/** Left eye, right eye, nose, left and right corner of the mouth, as seen in the photo. */
export type Landmarks = readonly [Point, Point, Point, Point, Point];

/** A unit-length vector. Only `toUnitLength` and the gallery's reader make one. */
export type Embedding = Float32Array & { readonly __unitLength: true };

export interface DetectedFace {
  readonly box: Box;
  /** 0..1, MTCNN's O-Net. */
  readonly probability: number;
  readonly landmarks: Landmarks;
}

/** Measures of how well a face can be recognised. */
export interface Quality {
  /** The shorter side of the box, px. */
  readonly size_px: number;
  /**
   * Variance of the Laplacian of the aligned grey crop, after its contrast is brought to a standard deviation of 40 of 256
   * grey levels, so that it tells blur and not the light. Sharp faces have a hundred or more.
   */
  readonly sharpness: number;
  /** Mean grey level of the aligned crop, 0..255. */
  readonly brightness: number;
  /** Share of the crop's pixels that are nearly black or nearly white, 0..1. */
  readonly clipped: number;
  /**
   * Estimated turn of the head to the side from the landmarks, degrees; 0 is frontal, positive turns to the
   * photo's right.
   */
  readonly yaw_deg: number;
  /** Estimated nod from the landmarks, degrees; 0 is frontal, positive looks down. */
  readonly pitch_deg: number;
  /** Tilt in the plane of the photo, degrees; 0 is upright, positive leans to the person's right shoulder. */
  readonly roll_deg: number;
  /** Share of the box that lies inside the photo, 0..1. */
  readonly inside: number;
  /**
   * How much of a face the embedder saw: the length of the embedding before it is made a unit vector, as a share of that of
   * ordinary good photos (1). It falls with whatever hides features: a mask, sunglasses, blur, noise, compression. Null for a
   * face that was not embedded, and where the pack does not tell.
   */
  readonly features: number | null;
}

/** What of a face's quality is known before it is embedded. */
export type ImageQuality = Omit<Quality, 'features'>;

export interface EmbeddedFace extends DetectedFace {
  /** The aligned crop that is embedded, a PNG; only where the job wants it. */
  readonly crop?: Uint8Array;
  readonly quality: Quality;
  /** Which of the job's `follow` boxes this face is the continuation of; null for one that was found anew. */
  readonly followed: number | null;
  /** Empty (length 0) where the job said not to embed. */
  readonly embedding: Embedding;
  /** Probability that it is a live face and not a print or a screen, 0..1; null where that was not looked at. */
  readonly pad: number | null;
}

/**
 * Durations of the stages inside the worker, ms. `queue` is the wait for the jobs before it. `decode` is the wait for its pixels after
 * that: hardly any where the photo was decoded while the one before was in the nets.
 */
export interface VisionLatency {
  readonly queue: number;
  readonly decode: number;
  readonly detect: number;
  readonly align: number;
  readonly embed: number;
}

export interface VisionJob {
  /**
   * The photo file's bytes. Their memory is taken over (its ArrayBuffer is detached when `analyse` is called,
   * unless it is shared with others, as a slice of Buffer's pool is): the caller must not use them again.
   */
  readonly photo: Uint8Array;
  /** Which faces to embed: all that were found (default), none (only detect), or those that were not followed. */
  readonly embed?: boolean | 'new';
  /**
   * Where faces were a moment ago: the boxes of the result before, of a photo of the same size. They are looked for there, which
   * takes a fraction of the time of a search of the photo. The photo is searched only when one of them is lost, or `search` says so.
   */
  readonly follow?: readonly Box[];
  /** Whether to give the aligned crops of the largest faces too, for people to look at. */
  readonly crop?: boolean;
  /** Of how many faces, the largest first, to tell whether they are live. Default none; no effect without the nets for it. */
  readonly pad?: number;
  /** Whether to look for faces in the whole photo too. Default: only where there is none to follow. */
  readonly search?: boolean;
}

/** Why a photo could not be analysed. The message is for a person. */
export type VisionFailure =
  /** The bytes are no image, or one that is damaged or cut short. */
  | 'not_an_image'
  /** More pixels than the limit allows. */
  | 'too_many_pixels'
  /** The job exceeded its time. */
  | 'timeout'
  /** The worker died or threw. */
  | 'vision_failed';

export type VisionResult =
  | {
      readonly ok: true;
      readonly width: number;
      readonly height: number;
      /** Largest first; the 256 largest of a crowd. */
      readonly faces: readonly EmbeddedFace[];
      readonly latency_ms: VisionLatency;
      /** Where the time of `detect` went, ms. `pyramid` prepares what P-Net looks at. */
      readonly detect_ms: Readonly<Record<'pyramid' | 'pnet' | 'rnet' | 'onet', number>>;
      /** The part of `detect` that was spent inside ONNX Runtime, ms. */
      readonly detect_inference_ms: number;
      /** The part of the time that was spent inside ONNX Runtime, ms. */
      readonly inference_ms: number;
    }
  | { readonly ok: false; readonly failure: VisionFailure; readonly message: string };

/** Facts about the loaded models that others need. */
export interface VisionInfo {
  /** The pack's name, such as `edge`. */
  readonly pack: string;
  /**
   * `<pack>@sha256:<64 hex>` over the models and the preprocessing: what a template must have been made with.
   */
  readonly fingerprint: string;
  /** Length of an embedding. */
  readonly dimension: number;
  /** The pack's own threshold on similarity, used for `decision.threshold: auto`. */
  readonly threshold: number;
  /** Threads that the runtime uses for one inference. */
  readonly threads: number;
  /** Numbers of the processor's cores that they are kept on; null: anywhere. */
  readonly cpus: readonly number[] | null;
  /** The nets that look for attacks: their fingerprint, or why there are none although they are wanted. Null where they are not. */
  readonly pad: { readonly fingerprint: string } | { readonly problem: string } | null;
}

/**
 * The vision worker. Jobs are worked off in the order in which they were given. `analyse` never rejects: a
 * failed job is a result, and the worker is replaced when it died or hung, without harm to the other jobs.
 */
export interface Vision {
  /**
   * Loads and verifies the models. Throws a MusterError (`model_missing`, `model_damaged`, …) with the
   * remedy.
   */
  start(): Promise<VisionInfo>;
  analyse(job: VisionJob): Promise<VisionResult>;
  /**
   * Resolves when the worker has shown that it is alive, after the job under way. Rejects with the reason when it could not, and
   * while a thread hangs that only the end of the process can end.
   */
  probe(): Promise<void>;
  /** Ends the worker. Jobs under way resolve as `vision_failed`. */
  close(): Promise<void>;
}
