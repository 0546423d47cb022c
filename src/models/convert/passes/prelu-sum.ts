import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx.ts';
import { constantsOf, readersOf } from './linear.ts';

/** A function of each channel that is straight on either side of 0: `above`·x from 0 on, `below`·x under it. */
interface Bend {
  readonly input: string;
  /** Of the slopes, as they are spread over the input. */
  readonly dims: readonly number[];
  readonly above: Float32Array;
  readonly below: Float32Array;
  /** What is computed only for it. */
  readonly inner: readonly OnnxNode[];
}

/**
 * Writes the activations that `preluAsMax` has written as Max and Min as the sum b·x + (a − b)·relu(x), which is the same for all slopes.
 *
 * ONNX Runtime computes convolutions on x64 in a layout of its own, channels in blocks. There is no Max in that layout, so it turns the values
 * over before each activation and back behind it; relu, a factor for each channel and a sum it has, the last two as parts of a convolution.
 * MobileFaceNet and R-Net take a fifth less time, P-Net and O-Net an eighth to a seventh (one thread, AVX-512). Where there is no such layout (arm64), the sum
 * is four steps in place of two: this is not for every machine, and so it is no part of `optimise`.
 */
export function preluAsSum(graph: OnnxGraph): OnnxGraph {
  const makers = new Map(graph.nodes.map((node) => [node.outputs[0], node]));
  const constants = constantsOf(graph);
  const replaced = new Map<OnnxNode, readonly OnnxNode[]>();
  // From the end, so that a Min that a Max has taken in is not looked at by itself.
  for (const node of graph.nodes.toReversed()) {
    if (replaced.has(node)) continue;
    const bend = bendOf(node);
    if (bend === undefined) continue;
    for (const gone of bend.inner) replaced.set(gone, []);
    replaced.set(node, sumOf(bend, node));
  }
  const nodes = graph.nodes.flatMap((node) => replaced.get(node) ?? [node]);
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return { ...graph, nodes, constants: [...constants.values()].filter(({ name }) => read.has(name)) };

  /** The node as the greater or the smaller of x and s·x, of a bend where x is one. */
  function bendOf(node: OnnxNode): Bend | undefined {
    if (node.op !== 'Max' && node.op !== 'Min') return undefined;
    const [input = '', scaled = ''] = node.inputs;
    const factor = makers.get(scaled);
    const slope = constants.get(factor?.inputs[1] ?? '');
    if (node.inputs.length !== 2 || factor?.op !== 'Mul' || factor.inputs[0] !== input || !slope)
      return undefined;
    if (!isReadBy(factor, [node])) return undefined;
    const [greater, smaller] = node.op === 'Max' ? [Math.max, Math.min] : [Math.min, Math.max];
    const own = {
      input,
      dims: slope.dims,
      above: slope.data.map((s) => greater(1, s)),
      below: slope.data.map((s) => smaller(1, s)),
      inner: [factor],
    };
    const before = makers.get(input);
    const first = before && isReadBy(before, [factor, node]) ? bendOf(before) : undefined;
    return first && first.above.length === own.above.length ? chained(first, before!, own) : own;
  }

  function isReadBy(node: OnnxNode, readers: readonly OnnxNode[]): boolean {
    const found = readersOf(graph, node);
    return found?.length === readers.length && found.every((reader) => readers.includes(reader));
  }

  function sumOf({ input, dims, above, below }: Bend, { outputs: [output = ''] }: OnnxNode): OnnxNode[] {
    const constant = (name: string, data: Float32Array) => {
      constants.set(name, { name, dims, data } satisfies OnnxTensor);
      return name;
    };
    const node = (op: string, inputs: readonly string[], to: string): OnnxNode => ({
      op,
      name: `${op}:${to}`,
      inputs,
      outputs: [to],
      attributes: {},
    });
    const [positive, more, straight] = [`${output}.positive`, `${output}.more`, `${output}.straight`];
    const difference = above.map((slope, i) => slope - below[i]!);
    return [
      node('Relu', [input], positive),
      node('Mul', [positive, constant(`${output}.bend`, difference)], more),
      node('Mul', [input, constant(`${output}.slope`, below)], straight),
      node('Add', [straight, more], output),
    ];
  }
}

/** `then` after `first`, which `node` makes. */
function chained(first: Bend, node: OnnxNode, then: Bend): Bend {
  const after = (slope: number, i: number) => slope * (slope >= 0 ? then.above[i]! : then.below[i]!);
  return {
    input: first.input,
    dims: first.dims,
    above: first.above.map(after),
    // Under 0 what comes out has the other sign: a slope from 0 on leaves it there.
    below: first.below.map((slope, i) => slope * (slope > 0 ? then.below[i]! : then.above[i]!)),
    inner: [...first.inner, node, ...then.inner],
  };
}
