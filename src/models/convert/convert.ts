import { MusterError } from '../../lib/errors.ts';
import { foldOperators } from './fold.ts';
import { lowerings, type Lowering } from './lower.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './onnx.ts';
import type { TfliteGraph, TfliteOperator } from './tflite.ts';

/** What the TFLite file does not say about itself. */
export interface ConversionPlan {
  /** Name of the graph in the ONNX file, and of the model in errors. */
  readonly name: string;
  /** The net was trained on transposed images: what it calls height is the upright image's width. */
  readonly transposed: boolean;
  /** In the order of the file's own; images as N, C, H, W. Dimensions with a name are free. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * Makes an ONNX graph of a TFLite graph that computes the same. Images change from N, H, W, C to N, C, H, W and the
 * batch may become free; a `transposed` net is turned so that it takes upright images. Weights keep their bits, but
 * for slopes that folding doubles.
 *
 * Throws MusterError `tflite_unsupported`, which names the operator, for what there is no rule for.
 */
export function convertToOnnx(tflite: TfliteGraph, plan: ConversionPlan): OnnxGraph {
  const graph = foldOperators(tflite);
  if (graph.inputs.length !== plan.inputs.length || graph.outputs.length !== plan.outputs.length) {
    throw unsupported(plan.name, 'it has another number of inputs or outputs than the manifest says');
  }
  const names = new Map<number, string>();
  graph.inputs.forEach((tensor, i) => names.set(tensor, plan.inputs[i]?.name ?? ''));
  graph.outputs.forEach((tensor, i) => names.set(tensor, plan.outputs[i]?.name ?? ''));
  const nameOf = (tensor: number) => names.get(tensor) ?? `t${tensor}`;

  const nodes: OnnxNode[] = [];
  const constants: OnnxTensor[] = [];
  for (const operator of graph.operators) {
    const rule = lowerings[operator.code];
    if (!rule) throw unsupported(plan.name, `there is no rule for the operator ${operator.code}`);
    rule(loweringOf(operator));
  }
  return { name: plan.name, nodes, constants, inputs: plan.inputs, outputs: plan.outputs };

  function loweringOf(operator: TfliteOperator): Lowering {
    const refuse = (reason: string): never => {
      throw unsupported(plan.name, `the operator ${operator.code} is not converted: ${reason}`);
    };
    const [output = -1, ...more] = operator.outputs;
    const outputShape = graph.tensors[output]?.shape;
    if (!outputShape || more.length > 0) return refuse('it has not exactly one output');
    const own = nameOf(output);

    return {
      options: operator.options,
      order: plan.transposed ? 'transposed' : 'upright',
      sizesAreFree: plan.inputs.some(({ dims }) => dims.slice(1).some((side) => typeof side === 'string')),
      outputShape,
      input: (place) => {
        const index = operator.inputs[place] ?? -1;
        const tensor = graph.tensors[index];
        return tensor && { ...tensor, onnxName: nameOf(index) };
      },
      constant: (suffix, dims, data) => {
        const name = `${own}.${suffix}`;
        constants.push({ name, dims, data });
        return name;
      },
      node: (op, inputs, attributes = {}, step) => {
        const name = step === undefined ? own : `${own}.${step}`;
        nodes.push({ op, name: `${op}:${name}`, inputs, outputs: [name], attributes });
        return name;
      },
      refuse,
    };
  }
}

function unsupported(model: string, reason: string): MusterError {
  return new MusterError('tflite_unsupported', `${model} cannot be made: ${reason}.`, {
    remedy:
      'This version of Muster converts the models of its own manifest; another one needs a rule in src/models/convert/lower.ts.',
  });
}
