import type { CodedTensor, OnnxGraph, OnnxNode, OnnxTensor } from '../convert/onnx.ts';
import { asLinear, constantsOf, type Linear } from '../convert/passes/linear.ts';
import type { Range, Ranges } from './ranges.ts';

/** Values as whole numbers: value = scale · (code − zero). */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
}

/** −128..127 over a range, with 0 on the grid. */
export function gridOf({ low, high }: Range): Grid {
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zero: Math.max(-128, Math.min(127, Math.round(-128 - low / scale))) };
}

/** One row for each output channel, each on a grid of its own around 0, up to ± `most`. */
export function codeRows(
  { data }: OnnxTensor,
  rows: number,
  most: number,
): { readonly codes: Int8Array; readonly scales: Float32Array } {
  const length = data.length / rows;
  const codes = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const values = data.subarray(row * length, (row + 1) * length);
    const scale = Math.fround(values.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / most) || 1;
    scales[row] = scale;
    for (const [i, value] of values.entries())
      codes[row * length + i] = Math.max(-most, Math.min(most, Math.round(value / scale)));
  }
  return { codes, scales };
}

/**
 * The graph with its convolutions and fully connected layers in whole numbers of 8 bits, as QuantizeLinear and DequantizeLinear around each,
 * which ONNX Runtime makes into its integer kernels (onnxruntime.ai, "Quantize ONNX models"). Weights have a grid for each output channel, symmetric around 0
 * up to ± `mostWeight`; what goes in and out has one for the tensor, over its range, with codes from −128 or, where `unsigned`, from 0: ONNX Runtime has the
 * integer convolutions of x64 for those only, and leaves others in float32 where two nodes read what comes out. The rest (PReLU as Mul and Max, additions, pooling)
 * stays in float32. `ranges` must have those of `withTaps`.
 */
export function quantise(
  graph: OnnxGraph,
  ranges: Ranges,
  { mostWeight = 127, unsigned = false }: { readonly mostWeight?: number; readonly unsigned?: boolean } = {},
): OnnxGraph {
  const before = constantsOf(graph);
  const constants = new Map(before);
  const coded: CodedTensor[] = [];
  const nodes: OnnxNode[] = [];
  /** The name of a tensor's values on their grid, by its own. */
  const onGrid = new Map<string, { readonly name: string; readonly grid: Grid }>();
  const ends = new Set(graph.outputs.map(({ name }) => name));

  for (const node of graph.nodes) {
    const linear = asLinear(node, before);
    if (linear) layer(linear);
    else nodes.push(node);
  }
  return { ...graph, nodes, constants: [...constants.values()], coded };

  function layer({ node, weight, bias }: Linear): void {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const x = onGrid.get(input) ?? toGrid(input, input, `${input}.rounded`);
    const rows = bias.data.length;
    const { codes, scales } = codeRows(weight, rows, mostWeight);
    const sums = scales.map((scale) => scale * x.grid.scale);
    const offsets = Int32Array.from(bias.data, (value, row) => Math.round(value / sums[row]!));
    for (const { name } of [weight, bias]) constants.delete(name);
    const inputs = [
      x.name,
      decoded(weight.name, weight.dims, codes, scales),
      decoded(bias.name, [rows], offsets, sums),
    ];
    // The net's own answer is not rounded.
    if (ends.has(output)) return void nodes.push({ ...node, inputs });
    const exact = `${output}.exact`;
    nodes.push({ ...node, inputs, outputs: [exact] });
    toGrid(output, exact, output);
  }

  /** Rounds what is called `from` to the grid of `tensor`; the result is called `to`. */
  function toGrid(tensor: string, from: string, to: string): { readonly name: string; readonly grid: Grid } {
    const range = ranges.get(tensor);
    if (!range) throw new RangeError(`there is no range of ${tensor}`);
    const grid = gridOf(range);
    const [scale, zero, codes] = [`${tensor}.scale`, `${tensor}.zero`, `${tensor}.codes`];
    constants.set(scale, { name: scale, dims: [], data: Float32Array.of(grid.scale) });
    coded.push({
      name: zero,
      dims: [],
      data: unsigned ? Uint8Array.of(grid.zero + 128) : Int8Array.of(grid.zero),
    });
    push('QuantizeLinear', [from, scale, zero], codes);
    push('DequantizeLinear', [codes, scale, zero], to);
    const result = { name: to, grid };
    onGrid.set(tensor, result);
    return result;
  }

  /** Codes of constants with a grid for each row; gives the name of their values. */
  function decoded(
    name: string,
    dims: readonly number[],
    codes: Int8Array | Int32Array,
    scales: Float32Array,
  ): string {
    const [scale, zero, code] = [`${name}.scale`, `${name}.zero`, `${name}.codes`];
    constants.set(scale, { name: scale, dims: [scales.length], data: scales });
    const zeros = codes instanceof Int8Array ? new Int8Array(scales.length) : new Int32Array(scales.length);
    coded.push({ name: code, dims, data: codes }, { name: zero, dims: [scales.length], data: zeros });
    return push('DequantizeLinear', [code, scale, zero], name, { axis: 0 });
  }

  function push(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): string {
    nodes.push({ op, name: `${op}:${output}`, inputs, outputs: [output], attributes });
    return output;
  }
}
