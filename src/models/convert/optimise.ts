import type { OnnxGraph } from './onnx.ts';
import { mergeConvolutions } from './passes/merge.ts';
import { preluAfterPool, preluAsMax } from './passes/prelu.ts';
import { softmaxOfTwo } from './passes/sigmoid.ts';

/**
 * Rewrites a graph into one that computes the same, up to rounding, in less time. What each pass gains is written at its
 * head; together they make MobileFaceNet and P-Net about a quarter faster on one thread.
 */
export function optimise(graph: OnnxGraph): OnnxGraph {
  return [mergeConvolutions, preluAfterPool, preluAsMax, softmaxOfTwo].reduce(
    (current, pass) => pass(current),
    graph,
  );
}
