import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx.ts';
import { asLinear, constantsOf, hasOneReader, makerOf, readersOf, type Linear } from './linear.ts';

/**
 * Writes PReLU as max(x, s·x), which is the same where the slope s is at most 1. ONNX Runtime's PRelu kernel is scalar
 * while Mul and Max are vectorised: the pair takes half the time, and MobileFaceNet spends a third of its time there.
 *
 * Where s > 1 it would have to be the minimum, so the channel changes its sign: −min(x, s·x) = max(−x, s·(−x)). The layer
 * before makes −x and the layers after take the opposite weight. A change of sign is exact, and so is the whole
 * pass. A PReLU whose neighbours cannot change signs stays as it is.
 */
export function preluAsMax(graph: OnnxGraph): OnnxGraph {
  const constants = constantsOf(graph);
  const nodes = graph.nodes.flatMap((node) => {
    const [input = '', slopeName = ''] = node.inputs;
    const slope = constants.get(slopeName);
    if (node.op !== 'PRelu' || !slope) return [node];
    const steep = [...slope.data.keys()].filter((channel) => (slope.data[channel] ?? 0) > 1);
    if (steep.length > 0 && !changeSigns(graph, constants, node, steep)) return [node];

    const [output = ''] = node.outputs;
    const scaled = `${output}.scaled`;
    return [
      { op: 'Mul', name: `Mul:${scaled}`, inputs: [input, slopeName], outputs: [scaled], attributes: {} },
      { op: 'Max', name: `Max:${output}`, inputs: [input, scaled], outputs: [output], attributes: {} },
    ];
  });
  return { ...graph, nodes, constants: [...constants.values()] };
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
