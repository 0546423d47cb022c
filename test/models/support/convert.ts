import { convertToOnnx } from '../../../src/models/convert/convert.ts';
import type { OnnxGraph } from '../../../src/models/convert/onnx.ts';
import { writeOnnx } from '../../../src/models/convert/onnx.ts';
import { readTflite, type TfliteGraph } from '../../../src/models/convert/tflite.ts';
import { permuted, runOnnx } from './nets.ts';
import { compute, type Values } from './reference.ts';
import { tfliteFile, type OperatorSpec, type TensorSpec, type TfliteSpec } from './tflite-file.ts';

/** A net: the input is tensor 0, then come the constants, what is computed on the way, and last the output. */
export function net(
  input: readonly number[],
  output: readonly number[],
  constants: readonly TensorSpec[],
  operators: readonly OperatorSpec[],
  between: readonly TensorSpec[] = [],
): TfliteSpec {
  const last = 1 + constants.length + between.length;
  return {
    tensors: [{ shape: input }, ...constants, ...between, { shape: output }],
    operators,
    inputs: [0],
    outputs: [last],
  };
}

export function graphOf(spec: TfliteSpec): TfliteGraph {
  return readTflite(tfliteFile(spec), 'test.tflite');
}

export interface Conversion {
  readonly transposed?: boolean;
  readonly freeSize?: boolean;
}

/** The ONNX graph of a net with one input and one output. Their shapes are turned as the plan asks, the batch is free. */
export function converted(
  graph: TfliteGraph,
  { transposed = false, freeSize = false }: Conversion = {},
): OnnxGraph {
  const dims = (tensor: number | undefined, prefix: string) => {
    const shape = graph.tensors[tensor ?? -1]?.shape ?? [];
    const sides = shape.length === 4 ? axes(transposed).map((axis) => shape[axis] ?? 0) : shape;
    return sides.map((side, i) => (i === 0 ? 'n' : freeSize && i > 1 ? `${prefix}${i}` : side));
  };
  return convertToOnnx(graph, {
    name: 'test',
    transposed,
    inputs: [{ name: 'input', dims: dims(graph.inputs[0], 'in') }],
    outputs: [{ name: 'output', dims: dims(graph.outputs[0], 'out') }],
  });
}

/** What the ONNX graph answers, with the axes as the TFLite net has them. `input` is N, H, W, C (or N, C). */
export async function answer(onnx: OnnxGraph, input: Values, transposed = false): Promise<Values> {
  const { output } = await runOnnx(writeOnnx(onnx), turned(input, axes(transposed)));
  if (!output) throw new Error('there is no output');
  return turned(output, transposed ? [0, 3, 2, 1] : [0, 2, 3, 1]);
}

/** The same of the reference. */
export function expected(graph: TfliteGraph, input: Values): Values {
  const [output] = compute(graph, [input]);
  if (!output) throw new Error('there is no output');
  return output;
}

function turned(values: Values, order: readonly number[]): Values {
  return values.shape.length === 4 ? permuted(values, order) : values;
}

function axes(transposed: boolean): readonly number[] {
  return transposed ? [0, 3, 2, 1] : [0, 3, 1, 2];
}
