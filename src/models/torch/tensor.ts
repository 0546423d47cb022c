import { TorchFileError, type Tensor } from './contract.ts';
import { elementTypes } from './elements.ts';
import type { TensorRef } from './values.ts';

export function valuesIn(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Checks that a tensor lies in its storage and that no two of its values are the same place: a storage of one value
 * could otherwise be a tensor of a billion. Throws TorchFileError.
 */
export function checkTensor(name: string, { storage, offset, shape, strides }: TensorRef): void {
  const count = valuesIn(shape);
  if (count === 0) return;
  const last = offset + strides.reduce((sum, stride, axis) => sum + stride * (shape[axis]! - 1), 0);
  if (last >= storage.length)
    throw new TorchFileError(
      `the tensor ${name} reaches to value ${last} of storage ${storage.key}, which has ${storage.length}`,
    );
  // From the smallest step on, each must lead beyond all that the steps below it reach.
  const axes = [...shape.keys()].filter((axis) => shape[axis]! > 1);
  let reach = 0;
  for (const axis of axes.toSorted((a, b) => strides[a]! - strides[b]!)) {
    if (strides[axis]! <= reach) throw new TorchFileError(`the values of the tensor ${name} overlap`);
    reach += strides[axis]! * (shape[axis]! - 1);
  }
}

/** The values of a checked tensor, in row-major order, out of the bytes of its storage. */
export function readValues({ storage, offset, shape, strides }: TensorRef, bytes: Uint8Array): Tensor {
  const { size, read } = elementTypes[storage.type]!;
  const count = valuesIn(shape);
  if (storage.type === 'torch.FloatStorage' && isRowMajor(shape, strides)) {
    const first = bytes.byteOffset + size * offset;
    // An entry of an archive has memory of its own. Else a copy: it seldom lies where a typed array may begin.
    const whole = first === 0 && bytes.buffer.byteLength === size * count;
    const own = whole ? bytes.buffer : bytes.buffer.slice(first, first + size * count);
    return { shape, data: new Float32Array(own) };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(count);
  const place = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    data[to] = read(view, from * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      place[axis] = 0;
    }
  }
  return { shape, data };
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}
