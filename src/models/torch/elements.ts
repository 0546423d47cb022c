/** How the values of a storage are stored, little-endian. */
export interface ElementType {
  /** Bytes. */
  readonly size: number;
  readonly read: (view: DataView, at: number) => number;
}

/** The types of storage that hold plain numbers, by the class that names them in a pickle. */
export const elementTypes: Readonly<Record<string, ElementType>> = {
  'torch.FloatStorage': { size: 4, read: (view, at) => view.getFloat32(at, true) },
  'torch.DoubleStorage': { size: 8, read: (view, at) => view.getFloat64(at, true) },
  'torch.HalfStorage': { size: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  'torch.BFloat16Storage': { size: 2, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
  'torch.LongStorage': { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  'torch.IntStorage': { size: 4, read: (view, at) => view.getInt32(at, true) },
  'torch.ShortStorage': { size: 2, read: (view, at) => view.getInt16(at, true) },
  'torch.CharStorage': { size: 1, read: (view, at) => view.getInt8(at) },
  'torch.ByteStorage': { size: 1, read: (view, at) => view.getUint8(at) },
  'torch.BoolStorage': { size: 1, read: (view, at) => Number(view.getUint8(at) !== 0) },
};

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const float = new Float32Array(1);
const bits32 = new Uint32Array(float.buffer);

/** The upper half of a float32. */
function bfloatToNumber(bits: number): number {
  bits32[0] = bits << 16;
  return float[0]!;
}
