/** One tensor of a PyTorch file. */
export interface Tensor {
  /** `[]` for a single value. */
  readonly shape: readonly number[];
  /** The values in row-major order, as float32 whatever type they are stored as. */
  readonly data: Float32Array;
}

/** Why a PyTorch file is refused. It stays inside this folder: callers get a MusterError that names the file too. */
export class TorchFileError extends Error {}
