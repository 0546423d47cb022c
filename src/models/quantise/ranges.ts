import type { OnnxGraph, OnnxValue } from '../convert/onnx.ts';
import { asLinear, constantsOf } from '../convert/passes/linear.ts';

/** The smallest and the largest value that a tensor had. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** By the tensor's name. */
export type Ranges = ReadonlyMap<string, Range>;

/** The graph with what goes into and comes out of each of its linear layers as outputs too, so that their ranges can be seen. */
export function withTaps(graph: OnnxGraph): OnnxGraph {
  const constants = constantsOf(graph);
  const known = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const taps = new Map<string, OnnxValue>();
  for (const node of graph.nodes) {
    const linear = asLinear(node, constants);
    if (!linear) continue;
    for (const name of [node.inputs[0]!, node.outputs[0]!]) {
      // All sides are free: only their number is known here.
      const dims = linear.weight.dims.map((_, i) => `${name}.${i}`);
      if (!known.has(name)) taps.set(name, { name, dims });
    }
  }
  return { ...graph, outputs: [...graph.outputs, ...taps.values()] };
}

/** Widens the ranges by what one run of the net gave. */
export function observe(
  ranges: Map<string, Range>,
  tensors: Readonly<Record<string, { readonly data: Float32Array }>>,
): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    // 0 is always within: padding is 0 and has to be exact.
    let { low, high } = ranges.get(name) ?? { low: 0, high: 0 };
    for (let i = 0; i < data.length; i += 1) {
      const value = data[i]!;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    ranges.set(name, { low, high });
  }
}
