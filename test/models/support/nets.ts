import * as ort from 'onnxruntime-node';
import type { Values } from './reference.ts';

/** Runs an ONNX file on its one input; the outputs come by name. */
export async function runOnnx(
  onnx: Uint8Array,
  input: Values,
  feed = 'input',
): Promise<Record<string, Values>> {
  const session = await ort.InferenceSession.create(onnx, { logSeverityLevel: 3 });
  try {
    const results = await session.run({ [feed]: new ort.Tensor('float32', input.data, [...input.shape]) });
    const outputs = Object.entries(results).map(([name, tensor]) => {
      if (!(tensor.data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
      return [name, { shape: [...tensor.dims], data: tensor.data.slice() }] as const;
    });
    return Object.fromEntries(outputs);
  } finally {
    await session.release();
  }
}

/** Values between −1 and 1 that are the same in every run. The generator is Park and Miller's. */
export function noise(shape: readonly number[], seed = 1): Values {
  let state = seed * 7_368_787;
  const data = Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647) * 2 - 1;
  });
  return { shape, data };
}

/** Moves the axes of some values: axis i of the result is axis `order[i]` of the input. */
export function permuted({ shape, data }: Values, order: readonly number[]): Values {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, side) => product * side, 1));
  const target = order.map((from) => shape[from] ?? 0);
  const result = data.map((_, i) => {
    let [rest, from] = [i, 0];
    for (let at = target.length - 1; at >= 0; at--) {
      const side = target[at] ?? 1;
      from += (rest % side) * (strides[order[at] ?? 0] ?? 0);
      rest = Math.floor(rest / side);
    }
    return data[from] ?? 0;
  });
  return { shape: target, data: result };
}

/** The largest difference between two lists of values of one length. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}
