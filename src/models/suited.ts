import { codeOf } from '../lib/errors.ts';
import type { OnnxGraph } from './convert/onnx.ts';

/**
 * The ONNX file of a model in the form that ONNX Runtime is quickest with on processors of the kind `arch` (as `process.arch`). It computes the same up
 * to rounding, so the model's hash stays what tells it apart. A model of whole numbers stays as it is.
 */
export async function suitedTo(arch: string, name: string, onnx: Uint8Array): Promise<Uint8Array> {
  if (arch !== 'x64') return onnx;
  // What reads and writes models is more to load than a runtime, and seldom needed: the graph is kept.
  const [{ readOnnx }, { preluAsSum }, { writeOnnx }] = await Promise.all([
    import('./convert/read-onnx.ts'),
    import('./convert/passes/prelu-sum.ts'),
    import('./convert/onnx.ts'),
  ]);
  let graph: OnnxGraph;
  try {
    graph = readOnnx(onnx, name);
  } catch (error) {
    if (codeOf(error) === 'onnx_unsupported') return onnx;
    throw error;
  }
  return writeOnnx(preluAsSum(graph));
}
