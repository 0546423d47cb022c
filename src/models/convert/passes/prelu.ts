import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx.ts';
import { asLinear, constantsOf, hasOneReader, makerOf, readersOf, type Linear } from './linear.ts';

/**
 * Writes PReLU as max(x, s·x), which is the same where the slope s is at most 1. ONNX Runtime's PRelu kernel is scalar
 * while Mul and Max are vectorised: the pair takes half the time, and MobileFaceNet spends a third of its time there.
 *
 * Where s > 1 it would have to be the minimum, so the channel changes its sign: −min(x, s·x) = max(−x, s·(−x)). The layer
 * before makes −x and the layers after take the opposite weight. A change of sign is exact, and so is the whole
 * pass. Where the neighbours cannot change signs (behind the first layers of P-Net and R-Net the largest value of a window
 * is taken) the minimum goes first, with a slope of 1 for the other channels: max(y, s·y) of y = min(x, t·x). The scalar kernel
 * took a third of P-Net's time and nearly half of R-Net's.
 */
export function preluAsMax(graph: OnnxGraph): OnnxGraph {
  const constants = constantsOf(graph);
  const nodes = graph.nodes.flatMap((node) => {
    const [input = '', slopeName = ''] = node.inputs;
    const slope = constants.get(slopeName);
    if (node.op !== 'PRelu' || !slope) return [node];
    const steep = [...slope.data.keys()].filter((channel) => (slope.data[channel] ?? 0) > 1);
    const [output = ''] = node.outputs;
    if (steep.length === 0 || changeSigns(graph, constants, node, steep))
      return scaledPair('Max', input, slopeName, output);

    const slopesWhere = (isSteep: boolean, name: string) => {
      constants.set(name, { ...slope, name, data: slope.data.map((s) => (s > 1 === isSteep ? s : 1)) });
      return name;
    };
    const lower = `${output}.lower`;
    return [
      ...scaledPair('Min', input, slopesWhere(true, `${output}.steep`), lower),
      ...scaledPair('Max', lower, slopesWhere(false, `${output}.gentle`), output),
    ];
  });
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return { ...graph, nodes, constants: [...constants.values()].filter(({ name }) => read.has(name)) };
}

/**
 * Moves a PReLU behind the max-pooling that reads it. With slopes from 0 on it never falls, so the largest value of a window is
 * the same one before and after it: the answer is the same to the bit, for a quarter of the values.
 */
export function preluAfterPool(graph: OnnxGraph): OnnxGraph {
  const constants = constantsOf(graph);
  const nodes = [...graph.nodes];
  for (const [i, node] of graph.nodes.entries()) {
    const [input = '', slope = ''] = node.inputs;
    const readers = readersOf(graph, node);
    const [pool] = readers ?? [];
    if (node.op !== 'PRelu' || readers?.length !== 1 || pool?.op !== 'MaxPool') continue;
    if (!constants.get(slope)?.data.every((value) => value >= 0)) continue;
    const [pooled = ''] = node.outputs;
    // Their places in the order are kept, as nothing else reads what lies between them.
    nodes[i] = { ...pool, inputs: [input], outputs: [pooled] };
    nodes[graph.nodes.indexOf(pool)] = { ...node, inputs: [pooled, slope], outputs: pool.outputs };
  }
  return { ...graph, nodes };
}

/** The greater or the smaller of x and s·x. */
function scaledPair(op: 'Max' | 'Min', input: string, slope: string, output: string): OnnxNode[] {
  const scaled = `${output}.scaled`;
  return [
    { op: 'Mul', name: `Mul:${scaled}`, inputs: [input, slope], outputs: [scaled], attributes: {} },
    { op, name: `${op}:${output}`, inputs: [input, scaled], outputs: [output], attributes: {} },
  ];
}

/** Turns the sign of `channels` before and after `node` in `constants`; false, and nothing done, where that is impossible. */
function changeSigns(
  graph: OnnxGraph,
  constants: Map<string, OnnxTensor>,
  node: OnnxNode,
  channels: readonly number[],
): boolean {
  const before = asLinear(makerOf(graph.nodes, node.inputs[0]), constants);
  const after = readersOf(graph, node)?.map((reader) => asLinear(reader, constants));
  if (!before || !hasOneReader(graph, before.node) || !after?.every((layer) => layer !== undefined))
    return false;
  const put = (tensor: OnnxTensor, places: Iterable<number>) =>
    constants.set(tensor.name, negated(tensor, places));

  const rowLength = before.weight.data.length / before.bias.data.length;
  put(before.bias, channels);
  put(
    before.weight,
    channels.flatMap((channel) => range(channel * rowLength, rowLength)),
  );
  for (const layer of after)
    put(
      layer.weight,
      channels.flatMap((channel) => placesOfInput(layer, channel)),
    );
  return true;
}

/** Where the weights are that an input channel is multiplied with. */
function placesOfInput({ node, weight }: Linear, channel: number): number[] {
  const group = Number(node.attributes['group'] ?? 1);
  const [rows = 0, depth = 0, ...sides] = weight.dims;
  const window = sides.reduce((product, side) => product * side, 1);
  const first = Math.floor(channel / depth) * (rows / group);
  return range(first, rows / group).flatMap((row) =>
    range((row * depth + (channel % depth)) * window, window),
  );
}

function negated(tensor: OnnxTensor, places: Iterable<number>): OnnxTensor {
  const data = tensor.data.slice();
  for (const place of places) data[place] = -(data[place] ?? 0);
  return { ...tensor, data };
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, i) => start + i);
}
