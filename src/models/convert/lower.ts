import { channelsFirst, channelsLastPermutation, heightAndWidth, weightsChannelsFirst } from './layout.ts';
import type { ImageOrder } from './layout.ts';
import type { OnnxNode } from './onnx.ts';
import type { TfliteOperator, TfliteTensor } from './tflite.ts';

/** One TFLite operator, and the means to write ONNX nodes for it. */
export interface Lowering {
  readonly options: TfliteOperator['options'];
  readonly order: ImageOrder;
  /** Height and width are only known when the net runs. */
  readonly sizesAreFree: boolean;
  /** The tensor that goes in at this place, with its name in ONNX; undefined where it is left out. */
  input(place: number): (TfliteTensor & { readonly onnxName: string }) | undefined;
  /** Shape of what comes out, as TFLite has it. */
  readonly outputShape: readonly number[];
  /** Adds a constant that belongs to this operator and gives its name. */
  constant(suffix: string, dims: readonly number[], data: Float32Array): string;
  /** Adds a node and gives its output's name. Without `step` that is the operator's own output. */
  node(op: string, inputs: readonly string[], attributes?: OnnxNode['attributes'], step?: string): string;
  /** Ends the conversion with the reason. */
  refuse(reason: string): never;
}

type Rule = (lowering: Lowering) => void;
type Operand = NonNullable<ReturnType<Lowering['input']>>;
type Weights = { readonly data: Float32Array; readonly shape: readonly number[] };

/** The rules by TFLite operator. Whatever is not named here cannot be converted. */
export const lowerings: Readonly<Record<string, Rule>> = {
  ABS: (l) => l.node('Abs', [operand(l, 0).onnxName]),
  ADD: elementwise('Add'),
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: convolution,
  DIV: elementwise('Div'),
  FULLY_CONNECTED: fullyConnected,
  MAX_POOL_2D: maxPool,
  MUL: elementwise('Mul'),
  NEG: (l) => l.node('Neg', [operand(l, 0).onnxName]),
  PRELU: prelu,
  RELU: (l) => l.node('Relu', [operand(l, 0).onnxName]),
  RESHAPE: reshape,
  SOFTMAX: softmax,
  SUB: elementwise('Sub'),
};

function convolution(l: Lowering): void {
  const image = operand(l, 0);
  const kernel = weights(l, 1);
  const channels = image.shape[3] ?? 0;
  const [out = 0, height = 0, width = 0, within = 0] = kernel.shape;
  if (kernel.shape.length !== 4 || image.shape.length !== 4)
    l.refuse('its image or its kernel is not of rank 4');

  // A depthwise kernel is [1, h, w, out]: the same turn of the axes leaves [1, out, h, w], which is [out, 1, h, w].
  const depthwise = l.options['depth_multiplier'] !== undefined;
  const [filters, depth] = depthwise ? [within, 1] : [out, within];
  const groups = channels / depth;
  if (!Number.isInteger(groups) || filters % groups !== 0 || (depthwise && out !== 1)) {
    l.refuse(`${channels} channels do not fit a kernel of [${kernel.shape.join(', ')}]`);
  }

  const size = heightAndWidth(height, width, l.order);
  const dilations = heightAndWidth(option(l, 'dilation_h'), option(l, 'dilation_w'), l.order);
  const inputs = [
    image.onnxName,
    l.constant('weight', [filters, depth, ...size], weightsChannelsFirst(kernel.data, kernel.shape, l.order)),
  ];
  if (l.input(2)) inputs.push(l.constant('bias', [filters], weights(l, 2).data));
  withActivation(l, 'Conv', inputs, {
    kernel_shape: size,
    dilations,
    group: groups,
    ...windowOf(l, image, size, dilations),
  });
}

function maxPool(l: Lowering): void {
  const image = operand(l, 0);
  const size = heightAndWidth(option(l, 'filter_h'), option(l, 'filter_w'), l.order);
  withActivation(l, 'MaxPool', [image.onnxName], { kernel_shape: size, ...windowOf(l, image, size, [1, 1]) });
}

/**
 * Strides and padding. TensorFlow's SAME gives ceil(size / stride) results and puts the odd row or column of the padding
 * behind. With a stride above 1 that depends on the size; where the size is free, ONNX's own rule of that kind does it.
 */
function windowOf(
  l: Lowering,
  image: Operand,
  size: readonly [number, number],
  dilations: readonly [number, number],
): OnnxNode['attributes'] {
  const strides = heightAndWidth(option(l, 'stride_h'), option(l, 'stride_w'), l.order);
  if (strides[0] < 1 || strides[1] < 1 || size[0] < 1 || size[1] < 1)
    l.refuse('a stride or a window of less than 1');
  const same = option(l, 'padding') === 0;
  if (!same || (size[0] === 1 && size[1] === 1)) return { strides, pads: [0, 0, 0, 0] };
  if (l.sizesAreFree && Math.max(...strides) > 1) {
    if (Math.max(...dilations) > 1) l.refuse('it is dilated, has a stride and a free size');
    return { strides, auto_pad: 'SAME_UPPER' };
  }

  const [, , height = 0, width = 0] = channelsFirst(image.shape, l.order);
  const total = [height, width].map((side, axis) => {
    const [stride = 1, kernel = 1, dilation = 1] = [strides[axis], size[axis], dilations[axis]];
    return Math.max(0, (Math.ceil(side / stride) - 1) * stride + (kernel - 1) * dilation + 1 - side);
  });
  const before = total.map((padding) => Math.floor(padding / 2));
  return { strides, pads: [...before, ...total.map((padding, axis) => padding - (before[axis] ?? 0))] };
}

function fullyConnected(l: Lowering): void {
  const input = operand(l, 0);
  const { data, shape } = weights(l, 1);
  const [out = 0, columns = 0] = shape;
  if (option(l, 'weights_format') !== 0) l.refuse('its weights are packed');
  const [, ...sides] = input.shape;
  if (sides.reduce((product, side) => product * side, 1) !== columns) {
    l.refuse(`its input [${input.shape.join(', ')}] does not fit ${columns} columns`);
  }
  const image = input.shape.length === 4;
  const weight = image ? weightsChannelsFirst(data, [out, ...sides], l.order) : data;
  const flat = image ? l.node('Flatten', [input.onnxName], { axis: 1 }, 'flat') : input.onnxName;
  const inputs = [flat, l.constant('weight', [out, columns], weight)];
  if (l.input(2)) inputs.push(l.constant('bias', [out], weights(l, 2).data));
  withActivation(l, 'Gemm', inputs, { transB: 1 });
}

function prelu(l: Lowering): void {
  const input = operand(l, 0);
  const slope = weights(l, 1);
  l.node('PRelu', [input.onnxName, perChannel(l, 'slope', slope, input.shape.length)]);
}

function softmax(l: Lowering): void {
  if (option(l, 'beta') !== 1) l.refuse('its beta is not 1');
  const { onnxName, shape } = operand(l, 0);
  l.node('Softmax', [onnxName], { axis: shape.length === 4 ? 1 : shape.length - 1 });
}

/** An image is flattened in TFLite's order; other ranks than from 4 to 2 do not occur in nets for images. */
function reshape(l: Lowering): void {
  const { onnxName, shape } = operand(l, 0);
  if (shape.length !== 4 || l.outputShape.length !== 2 || shape[0] !== l.outputShape[0]) {
    l.refuse(`from [${shape.join(', ')}] to [${l.outputShape.join(', ')}] is no flattening of an image`);
  }
  const single = shape[1] === 1 && shape[2] === 1 && !l.sizesAreFree;
  const perm = channelsLastPermutation(l.order);
  const image = single ? onnxName : l.node('Transpose', [onnxName], { perm }, 'turned');
  l.node('Flatten', [image], { axis: 1 });
}

function elementwise(op: string): Rule {
  return (l) => {
    const rank = l.outputShape.length;
    const names = [0, 1].map((place) => {
      const { data, onnxName, shape } = operand(l, place);
      if (data) return perChannel(l, `operand${place}`, weights(l, place), rank);
      if (shape.length !== rank) l.refuse('its operands have different ranks');
      return onnxName;
    });
    withActivation(l, op, names, {});
  };
}

/** A constant with one value for all or one for each channel, so that it spreads over N, C, H, W. */
function perChannel(l: Lowering, suffix: string, { data, shape }: Weights, rank: number): string {
  const channels = shape.at(-1) ?? 1;
  if (data.length !== channels)
    l.refuse(`a constant of the shape [${shape.join(', ')}] is not one value a channel`);
  return l.constant(suffix, rank === 4 ? [channels, 1, 1] : [channels], data);
}

/** `enum ActivationFunctionType` of TFLite's schema. RELU_N1_TO_1 (2), RELU6 (3) and SIGN_BIT (5) are met nowhere. */
const activations: Readonly<Record<number, string>> = { 1: 'Relu', 4: 'Tanh' };

function withActivation(
  l: Lowering,
  op: string,
  inputs: readonly string[],
  attributes: OnnxNode['attributes'],
): void {
  const number = option(l, 'activation');
  if (number === 0) {
    l.node(op, inputs, attributes);
    return;
  }
  const activation = activations[number] ?? l.refuse(`its activation ${number} is not known`);
  l.node(activation, [l.node(op, inputs, attributes, 'linear')]);
}

function operand(l: Lowering, place: number): Operand {
  return l.input(place) ?? l.refuse(`its input ${place} is missing`);
}

function weights(l: Lowering, place: number): Weights {
  const { data, shape } = operand(l, place);
  return data instanceof Float32Array
    ? { data, shape }
    : l.refuse(`its input ${place} is not a float32 constant`);
}

function option(l: Lowering, name: string): number {
  const value = l.options[name];
  return typeof value === 'number' ? value : l.refuse(`its option ${name} is missing`);
}
