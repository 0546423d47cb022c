import type { OnnxGraph } from '../onnx.ts';
import { asLinear, constantsOf, hasOneReader, makerOf } from './linear.ts';

/**
 * Makes a sigmoid of the softmax over two classes: p₀ = σ(z₀ − z₁) and p₁ = σ(z₁ − z₀), with the differences taken in the
 * weights. A softmax across the planes of an image is slow, a tenth of P-Net's time. The result differs by rounding,
 * about 5e-7.
 */
export function softmaxOfTwo(graph: OnnxGraph): OnnxGraph {
  const constants = constantsOf(graph);
  const nodes = graph.nodes.map((node) => {
    const logits = asLinear(makerOf(graph.nodes, node.inputs[0]), constants);
    if (node.op !== 'Softmax' || node.attributes['axis'] !== 1 || !logits) return node;
    if (logits.bias.data.length !== 2 || !hasOneReader(graph, logits.node)) return node;
    for (const constant of [logits.weight, logits.bias]) {
      constants.set(constant.name, { ...constant, data: againstEachOther(constant.data) });
    }
    return { ...node, op: 'Sigmoid', attributes: {} };
  });
  return { ...graph, nodes, constants: [...constants.values()] };
}

/** Two rows a and b become a − b and b − a. */
function againstEachOther(rows: Float32Array): Float32Array {
  const half = rows.length / 2;
  return rows.map((value, i) => value - (rows[(i + half) % rows.length] ?? 0));
}
