/** An ONNX model whose bytes are those of the manifest. */
export interface VerifiedModel {
  readonly name: string;
  readonly sha256: string;
  /** Of the ONNX file, bytes. */
  readonly size: number;
  /** The ONNX file's bytes. A start from kept graphs does without. Throws MusterError `model_damaged` where they are no longer what they were. */
  readonly read: () => Promise<Uint8Array>;
}

/**
 * The models of one pack, verified against `models/manifest.json`.
 *
 * All take float32 NCHW with R, G, B planes, normalised as (v − 127.5) / 128, batch size and (P-Net) height and width free:
 * - `pnet` input `[1, 3, h, w]` → `prob` `[1, 2, h', w']`, `reg` `[1, 4, h', w']`
 * - `rnet` input `[n, 3, 24, 24]` → `prob` `[n, 2]`, `reg` `[n, 4]`
 * - `onet` input `[n, 3, 48, 48]` → `prob` `[n, 2]`, `reg` `[n, 4]`, `landmarks` `[n, 10]` (five x, then five y)
 * - `embedder` input `[n, 3, side, side]` → `embedding` `[n, dimension]`, not normalised; the side is that of the preprocessing
 *
 * `prob[.][1]` is the face's. The input of each is called `input`. `reg` and `landmarks` are as facenet-pytorch's nets give
 * them (x and y not swapped).
 */
export interface LoadedPack {
  readonly name: string;
  /** `<pack>@sha256:<64 hex>` over the models' hashes and the name of the preprocessing. */
  readonly fingerprint: string;
  /** Length of an embedding. */
  readonly dimension: number;
  /** Recommended threshold on similarity. */
  readonly threshold: number;
  /** Usual length of the embedder's vector for a good photo; null where it says nothing about the photo. */
  readonly featureLength: number | null;
  /** Name and version of how a face is cut out for the embedder. */
  readonly preprocessing: string;
  readonly pnet: VerifiedModel;
  readonly rnet: VerifiedModel;
  readonly onet: VerifiedModel;
  readonly embedder: VerifiedModel;
}

/**
 * The nets that tell a live face from a picture of one, verified like a pack. Each takes float32 NCHW with the planes B, G, R of 0..255,
 * 80×80, any batch, and gives `prob` `[n, classes]`.
 */
export interface LoadedAttackDetection {
  /** `pad@sha256:<64 hex>` over the nets' hashes, their scales and the name of the preprocessing. */
  readonly fingerprint: string;
  /** Which class is a live face. */
  readonly bonaFide: number;
  readonly nets: readonly { readonly model: VerifiedModel; readonly scale: number }[];
}
