import { MusterError } from '../../lib/errors.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from '../convert/onnx.ts';
import type { Tensor } from '../torch/contract.ts';

/** What a node gives: images `[n, channels, h, w]` or rows `[n, channels]`. */
export interface Value {
  readonly name: string;
  readonly channels: number;
  readonly rank: 2 | 4;
}

/** What is left out is torch's default. Pairs are height and width. */
export interface ConvOptions {
  readonly stride?: number;
  readonly pad?: number | readonly [number, number];
  /** Name of a batch norm that follows; it is folded into the weights. */
  readonly norm?: string;
  /** The result times this, folded too. */
  readonly times?: number;
}

export interface NetPlan {
  readonly name: string;
  readonly inputs: readonly [OnnxValue];
  readonly outputs: readonly OnnxValue[];
}

/** Builds an ONNX graph layer by layer, by the layers' names in a state dict. */
export interface NetBuilder {
  readonly input: Value;
  /** Whether the state dict has the tensor: some nets tell by it how deep they are. */
  has(tensor: string): boolean;
  /** Groups, kernel and channels are as the weights have them. */
  conv(x: Value, layer: string, options?: ConvOptions): Value;
  /** Fully connected. `order` turns the columns, `[out, …]`, to where a flattened N, C, H, W image has them. */
  dense(
    x: Value,
    layer: string,
    options?: Pick<ConvOptions, 'norm'> & { order?: (weight: Tensor) => Tensor },
  ): Value;
  prelu(x: Value, layer: string): Value;
  /** Windows that begin in the image and end outside of it count with `ceil`. */
  maxPool(x: Value, size: number, stride: number, ceil?: boolean): Value;
  /** To 1×1. */
  globalAverage(x: Value): Value;
  /** `values`: the channels times height and width. */
  flatten(x: Value, values: number): Value;
  relu(x: Value): Value;
  sigmoid(x: Value): Value;
  /** Over the channels. */
  softmax(x: Value): Value;
  add(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  concat(parts: readonly Value[]): Value;
  /** The graph with its outputs in the plan's order. */
  finish(outputs: readonly Value[]): OnnxGraph;
}

/** torch's default for batch norm. */
const defaultEpsilon = 1e-5;

/**
 * Starts a graph over the tensors of a state dict. Each layer throws MusterError `weights_unfit` when its tensors are missing, of the
 * wrong shape or not finite, so that weights of another net end with the layer's name.
 */
export function createNetBuilder(
  plan: NetPlan,
  tensors: ReadonlyMap<string, Tensor>,
  { epsilon = defaultEpsilon }: { epsilon?: number } = {},
): NetBuilder {
  const nodes: OnnxNode[] = [];
  const constants: OnnxTensor[] = [];
  const [{ name: inputName, dims }] = plan.inputs;

  const unfit = (reason: string): MusterError =>
    new MusterError('weights_unfit', `The weights do not fit the net ${plan.name}: ${reason}.`, {
      remedy:
        'They are those of another net: take the file that models/manifest.json names, or your own of the same architecture.',
    });

  function tensor(name: string, fits: (shape: readonly number[]) => boolean): Tensor {
    const found = tensors.get(name);
    if (!found) throw unfit(`there is no ${name}`);
    if (!fits(found.shape)) throw unfit(`${name} has the shape [${found.shape.join(', ')}]`);
    if (!found.data.every(Number.isFinite)) throw unfit(`${name} has values that are no numbers`);
    return found;
  }
  const vector = (name: string, length: number) =>
    tensor(name, (shape) => shape.length === 1 && shape[0] === length).data;

  function node(
    op: string,
    inputs: readonly string[],
    name = `t${nodes.length}`,
    attributes: OnnxNode['attributes'] = {},
  ): string {
    nodes.push({ op, name: `${op}:${name}`, inputs, outputs: [name], attributes });
    return name;
  }
  function constant(name: string, shape: readonly number[], data: Float32Array): string {
    constants.push({ name, dims: shape, data });
    return name;
  }

  /** Weights and bias, `rows` of them, with the norm folded in: `γ/√(σ²+ε)` times, then β − μ·γ/√(σ²+ε) more. */
  function linear(
    layer: string,
    weight: Tensor,
    { norm, times = 1 }: ConvOptions,
  ): readonly [string, string] {
    const rows = weight.shape[0]!;
    const columns = weight.data.length / rows;
    const offset = tensors.has(`${layer}.bias`) ? vector(`${layer}.bias`, rows) : new Float32Array(rows);
    const data = new Float32Array(weight.data.length);
    const bias = new Float32Array(rows);
    const part = (name: string) => (norm === undefined ? undefined : vector(`${norm}.${name}`, rows));
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(part);
    for (let row = 0; row < rows; row++) {
      // In double precision and a fixed order, so that every machine gets the same bits.
      const factor = gamma && variance ? (gamma[row]! / Math.sqrt(variance[row]! + epsilon)) * times : times;
      const shift = beta && mean ? beta[row]! * times - mean[row]! * factor : 0;
      for (let i = row * columns; i < (row + 1) * columns; i++) data[i] = weight.data[i]! * factor;
      bias[row] = offset[row]! * factor + shift;
    }
    if (!data.every(Number.isFinite) || !bias.every(Number.isFinite))
      throw unfit(`the batch norm ${norm ?? layer} divides by zero`);
    return [constant(`${layer}.weight`, weight.shape, data), constant(`${layer}.bias`, [rows], bias)];
  }

  const same =
    (op: string) =>
    (x: Value): Value => ({ ...x, name: node(op, [x.name]) });

  return {
    input: { name: inputName, channels: Number(dims[1]), rank: 4 },

    has: (name) => tensors.has(name),

    conv(x, layer, options = {}) {
      const { stride = 1, pad = 0 } = options;
      const weight = tensor(
        `${layer}.weight`,
        ([out = 0, depth = 0, ...sides]) =>
          sides.length === 2 && depth > 0 && x.channels % depth === 0 && out % (x.channels / depth) === 0,
      );
      const [channels, depth, ...kernel] = weight.shape as [number, number, number, number];
      const [height, width] = typeof pad === 'number' ? [pad, pad] : pad;
      const name = node('Conv', [x.name, ...linear(layer, weight, options)], layer, {
        kernel_shape: kernel,
        dilations: [1, 1],
        group: x.channels / depth,
        strides: [stride, stride],
        pads: [height, width, height, width],
      });
      return { name, channels, rank: 4 };
    },

    dense(x, layer, options = {}) {
      const { order = (turned: Tensor) => turned } = options;
      const weight = tensor(
        `${layer}.weight`,
        ([, columns, ...more]) => columns === x.channels && more.length === 0,
      );
      const name = node('Gemm', [x.name, ...linear(layer, order(weight), options)], layer, { transB: 1 });
      return { name, channels: weight.shape[0]!, rank: 2 };
    },

    prelu(x, layer) {
      const slope = vector(`${layer}.weight`, x.channels);
      const shape = x.rank === 4 ? [x.channels, 1, 1] : [x.channels];
      return { ...x, name: node('PRelu', [x.name, constant(`${layer}.weight`, shape, slope)], layer) };
    },

    maxPool: (x, size, stride, ceil = false) => ({
      ...x,
      name: node('MaxPool', [x.name], undefined, {
        kernel_shape: [size, size],
        strides: [stride, stride],
        ceil_mode: Number(ceil),
      }),
    }),

    flatten: (x, values) => ({
      name: node('Flatten', [x.name], undefined, { axis: 1 }),
      channels: values,
      rank: 2,
    }),
    globalAverage: same('GlobalAveragePool'),
    relu: same('Relu'),
    sigmoid: same('Sigmoid'),
    softmax: (x) => ({ ...x, name: node('Softmax', [x.name], undefined, { axis: 1 }) }),

    add(a, b) {
      if (a.channels !== b.channels) throw unfit(`${a.name} and ${b.name} have different channels`);
      return { ...a, name: node('Add', [a.name, b.name]) };
    },
    mul: (a, b) => ({ ...a, name: node('Mul', [a.name, b.name]) }),
    concat: (parts) => ({
      name: node(
        'Concat',
        parts.map(({ name }) => name),
        undefined,
        { axis: 1 },
      ),
      channels: parts.reduce((sum, { channels }) => sum + channels, 0),
      rank: parts[0]?.rank ?? 4,
    }),

    finish(outputs) {
      const names = new Map<string, string>();
      plan.outputs.forEach(({ name, dims: [, channels] }, i) => {
        const output = outputs[i];
        if (!output || output.channels !== channels)
          throw unfit(`its output ${name} has ${output?.channels ?? 'no'} channels`);
        names.set(output.name, name);
      });
      const taken = new Set(names.values());
      // A layer may be called as an output is, which is another value.
      const renamed = (name: string) => names.get(name) ?? (taken.has(name) ? `${name}.layer` : name);
      return {
        name: plan.name,
        nodes: nodes.map(({ inputs, outputs: own, ...rest }) => ({
          ...rest,
          inputs: inputs.map(renamed),
          outputs: own.map(renamed),
        })),
        constants,
        inputs: plan.inputs,
        outputs: plan.outputs,
      };
    },
  };
}
