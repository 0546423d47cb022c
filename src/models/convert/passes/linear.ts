import type { OnnxGraph, OnnxNode, OnnxTensor } from '../onnx.ts';

/** A Conv or a Gemm with its constants. Row after row, `weight` holds what makes one output channel. */
export interface Linear {
  readonly node: OnnxNode;
  readonly weight: OnnxTensor;
  readonly bias: OnnxTensor;
}

export type Constants = ReadonlyMap<string, OnnxTensor>;

export function constantsOf(graph: OnnxGraph): Map<string, OnnxTensor> {
  return new Map(graph.constants.map((constant) => [constant.name, constant]));
}

/** The node as a linear layer, if it is one with a bias and constants. */
export function asLinear(node: OnnxNode | undefined, constants: Constants): Linear | undefined {
  if (node?.op !== 'Conv' && node?.op !== 'Gemm') return undefined;
  const [, weightName = '', biasName = ''] = node.inputs;
  const weight = constants.get(weightName);
  const bias = constants.get(biasName);
  return weight && bias && { node, weight, bias };
}

export function makerOf(nodes: readonly OnnxNode[], name: string | undefined): OnnxNode | undefined {
  return nodes.find(({ outputs }) => outputs[0] === name);
}

/** The nodes that read what `node` makes; undefined if the caller of the net reads it too. */
export function readersOf(
  graph: OnnxGraph,
  { outputs: [output = ''] }: OnnxNode,
): readonly OnnxNode[] | undefined {
  if (graph.outputs.some(({ name }) => name === output)) return undefined;
  return graph.nodes.filter(({ inputs }) => inputs.includes(output));
}

/** Whether what `node` makes is read by one node and by nobody else. */
export function hasOneReader(graph: OnnxGraph, node: OnnxNode): boolean {
  return readersOf(graph, node)?.length === 1;
}
