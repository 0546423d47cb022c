import type { TfliteGraph, TfliteOperator } from '../../../src/models/convert/tflite.ts';

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Computes a TFLite graph in the plainest way, operator by operator as TensorFlow defines them, on N, H, W, C images of
 * any batch and size. Knows nothing of ONNX and shares nothing with the converter but the reader.
 */
export function compute(graph: TfliteGraph, inputs: readonly Values[]): Values[] {
  const values = new Map<number, Values>();
  graph.tensors.forEach(
    ({ shape, data }, i) => data && values.set(i, { shape, data: Float32Array.from(data) }),
  );
  graph.inputs.forEach((tensor, i) => inputs[i] && values.set(tensor, inputs[i]));
  const valueOf = (tensor: number): Values => {
    const value = values.get(tensor);
    if (!value) throw new Error(`tensor ${tensor} is not computed yet`);
    return value;
  };
  for (const operator of graph.operators) {
    const operands = operator.inputs.filter((tensor) => tensor >= 0).map(valueOf);
    values.set(operator.outputs[0] ?? -1, activated(computeOne(operator, operands), operator));
  }
  return graph.outputs.map(valueOf);
}

function computeOne(operator: TfliteOperator, operands: readonly Values[]): Values {
  const [x = empty, y = empty, z] = operands;
  switch (operator.code) {
    case 'CONV_2D':
      return convolve(operator, x, y, z, false);
    case 'DEPTHWISE_CONV_2D':
      return convolve(operator, x, y, z, true);
    case 'MAX_POOL_2D':
      return maxPool(operator, x);
    case 'FULLY_CONNECTED':
      return fullyConnected(x, y, z);
    case 'ADD':
      return elementwise(x, y, (a, b) => a + b);
    case 'SUB':
      return elementwise(x, y, (a, b) => a - b);
    case 'MUL':
      return elementwise(x, y, (a, b) => a * b);
    case 'DIV':
      return elementwise(x, y, (a, b) => a / b);
    case 'PRELU':
      return elementwise(x, y, (a, b) => (a > 0 ? a : a * b));
    case 'RELU':
      return { ...x, data: x.data.map((value) => Math.max(0, value)) };
    case 'NEG':
      return { ...x, data: x.data.map((value) => -value) };
    case 'ABS':
      return { ...x, data: x.data.map(Math.abs) };
    case 'EXP':
      return { ...x, data: x.data.map(Math.exp) };
    case 'REDUCE_MAX':
      return overChannels(x, (channels) => [Math.max(...channels)]);
    case 'SUM':
      return overChannels(x, (channels) => [channels.reduce((sum, value) => sum + value, 0)]);
    case 'SOFTMAX':
      return overChannels(x, (channels) => {
        const powers = channels.map((value) => Math.exp(value - Math.max(...channels)));
        return powers.map((value) => value / powers.reduce((sum, power) => sum + power, 0));
      });
    case 'RESHAPE':
      return { shape: [x.shape[0] ?? 0, x.data.length / (x.shape[0] ?? 1)], data: x.data };
    default:
      throw new Error(`the reference does not know ${operator.code}`);
  }
}

const empty: Values = { shape: [], data: new Float32Array(0) };

function activated(values: Values, { options }: TfliteOperator): Values {
  if (options['activation'] === 1) return { ...values, data: values.data.map((value) => Math.max(0, value)) };
  if (options['activation'] === 4) return { ...values, data: values.data.map(Math.tanh) };
  return values;
}

interface Axis {
  readonly size: number;
  readonly out: number;
  readonly before: number;
  readonly stride: number;
  readonly dilation: number;
}

function axis(operator: TfliteOperator, size: number, kernel: number, side: 'h' | 'w'): Axis {
  const stride = Number(operator.options[`stride_${side}`]);
  const dilation = Number(operator.options[`dilation_${side}`] ?? 1);
  const reach = (kernel - 1) * dilation + 1;
  if (operator.options['padding'] !== 0) {
    return { size, out: Math.floor((size - reach) / stride) + 1, before: 0, stride, dilation };
  }
  const out = Math.ceil(size / stride);
  const padding = Math.max(0, (out - 1) * stride + reach - size);
  return { size, out, before: Math.floor(padding / 2), stride, dilation };
}

/** Calls `visit` with the output's position and each position inside of the image that its window covers. */
function slide(
  rows: Axis,
  columns: Axis,
  kernel: readonly [number, number],
  visit: (y: number, x: number, ky: number, kx: number, row: number, column: number) => void,
): void {
  for (let y = 0; y < rows.out; y++)
    for (let x = 0; x < columns.out; x++)
      for (let ky = 0; ky < kernel[0]; ky++)
        for (let kx = 0; kx < kernel[1]; kx++) {
          const row = y * rows.stride - rows.before + ky * rows.dilation;
          const column = x * columns.stride - columns.before + kx * columns.dilation;
          const inside = row >= 0 && row < rows.size && column >= 0 && column < columns.size;
          if (inside) visit(y, x, ky, kx, row, column);
        }
}

function convolve(
  operator: TfliteOperator,
  image: Values,
  kernel: Values,
  bias: Values | undefined,
  depthwise: boolean,
): Values {
  const [batch = 0, height = 0, width = 0, channels = 0] = image.shape;
  const [first = 0, kh = 0, kw = 0, last = 0] = kernel.shape;
  const filters = depthwise ? last : first;
  const multiplier = depthwise ? filters / channels : 0;
  const rows = axis(operator, height, kh, 'h');
  const columns = axis(operator, width, kw, 'w');
  const result = new Float64Array(batch * rows.out * columns.out * filters);
  for (let n = 0; n < batch; n++) {
    slide(rows, columns, [kh, kw], (y, x, ky, kx, row, column) => {
      const from = ((n * height + row) * width + column) * channels;
      const to = ((n * rows.out + y) * columns.out + x) * filters;
      for (let f = 0; f < filters; f++) {
        if (depthwise) {
          const weight = kernel.data[(ky * kw + kx) * filters + f] ?? 0;
          result[to + f]! += weight * (image.data[from + Math.floor(f / multiplier)] ?? 0);
          continue;
        }
        const weights = ((f * kh + ky) * kw + kx) * channels;
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += kernel.data[weights + c]! * image.data[from + c]!;
        result[to + f]! += sum;
      }
    });
  }
  const data = Float32Array.from(result, (value, i) => value + (bias?.data[i % filters] ?? 0));
  return { shape: [batch, rows.out, columns.out, filters], data };
}

function maxPool(operator: TfliteOperator, image: Values): Values {
  const [batch = 0, height = 0, width = 0, channels = 0] = image.shape;
  const kernel = [Number(operator.options['filter_h']), Number(operator.options['filter_w'])] as const;
  const rows = axis(operator, height, kernel[0], 'h');
  const columns = axis(operator, width, kernel[1], 'w');
  const data = new Float32Array(batch * rows.out * columns.out * channels).fill(-Infinity);
  for (let n = 0; n < batch; n++) {
    slide(rows, columns, kernel, (y, x, _ky, _kx, row, column) => {
      for (let c = 0; c < channels; c++) {
        const to = ((n * rows.out + y) * columns.out + x) * channels + c;
        const value = image.data[((n * height + row) * width + column) * channels + c] ?? 0;
        data[to] = Math.max(data[to] ?? 0, value);
      }
    });
  }
  return { shape: [batch, rows.out, columns.out, channels], data };
}

function fullyConnected(input: Values, weights: Values, bias: Values | undefined): Values {
  const [out = 0, columns = 0] = weights.shape;
  const batch = input.data.length / columns;
  const data = new Float32Array(batch * out);
  for (let i = 0; i < data.length; i++) {
    const [n, o] = [Math.floor(i / out), i % out];
    let sum = bias?.data[o] ?? 0;
    for (let c = 0; c < columns; c++) sum += input.data[n * columns + c]! * weights.data[o * columns + c]!;
    data[i] = sum;
  }
  return { shape: [batch, out], data };
}

/** `b` is of the shape of `a`, or has one value, or one for each channel, or one for each place. */
function elementwise(a: Values, b: Values, f: (a: number, b: number) => number): Values {
  if (a.data.length < b.data.length) return elementwise(b, a, (x, y) => f(y, x));
  const channels = a.shape.at(-1) ?? 1;
  const perPlace = b.shape.length === a.shape.length && b.shape.at(-1) === 1;
  const at = (i: number) => (perPlace ? Math.floor(i / channels) : i % b.data.length);
  return { shape: a.shape, data: a.data.map((value, i) => f(value, b.data[at(i)] ?? 0)) };
}

function overChannels(x: Values, f: (channels: number[]) => number[]): Values {
  const channels = x.shape.at(-1) ?? 1;
  const results = Array.from({ length: x.data.length / channels }, (_, i) =>
    f([...x.data.subarray(i * channels, (i + 1) * channels)]),
  );
  return {
    shape: [...x.shape.slice(0, -1), results[0]?.length ?? 0],
    data: Float32Array.from(results.flat()),
  };
}
