import { codeOf } from '../lib/errors.ts';
import type { LoadedModel } from './contract.ts';
import { writeOnnx, type OnnxGraph } from './convert/onnx.ts';
import { preluAsSum } from './convert/passes/prelu-sum.ts';
import { readOnnx } from './convert/read-onnx.ts';

/**
 * The model's ONNX file in the form that ONNX Runtime is quickest with on processors of the kind `arch` (as `process.arch`). It computes the same up
 * to rounding, so the model's hash stays what tells it apart. A model of whole numbers stays as it is.
 */
export function suitedTo(arch: string, { name, onnx }: LoadedModel): Uint8Array {
  if (arch !== 'x64') return onnx;
  let graph: OnnxGraph;
  try {
    graph = readOnnx(onnx, name);
  } catch (error) {
    if (codeOf(error) === 'onnx_unsupported') return onnx;
    throw error;
  }
  return writeOnnx(preluAsSum(graph));
}
