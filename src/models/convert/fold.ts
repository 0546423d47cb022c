import type { TfliteGraph, TfliteOperator } from './tflite.ts';

/**
 * Folds what TFLite exporters spell out in small steps back into the operators that are meant, because a runtime
 * has one fast kernel for each of them and the steps walk over the image six times:
 *
 * - `relu(x) + a · −relu(−x)` → PRELU with slope a (the MTCNN nets)
 * - `relu(x) + a · (x − |x|)` → PRELU with slope 2a (MobileFaceNet)
 * - `e / sum(e)` with `e = exp(x − max(x))` along the last axis → SOFTMAX
 *
 * Operators whose results nobody needs any more are left out.
 */
export function foldOperators(graph: TfliteGraph): TfliteGraph {
  const producers = new Map(
    graph.operators.flatMap((op) => op.outputs.map((output) => [output, op] as const)),
  );
  const tensors = [...graph.tensors];

  /** The inputs of the operator that makes `tensor`, if it is a `code` without an activation of its own. */
  function inputsOf(tensor: number | undefined, code: string): readonly number[] | undefined {
    const op = tensor === undefined ? undefined : producers.get(tensor);
    return op?.code === code && !op.options['activation'] ? op.inputs : undefined;
  }
  const inputOf = (tensor: number | undefined, code: string) => inputsOf(tensor, code)?.[0];

  /** The slope of the PReLU that `a + b` spells out, and what goes into it. */
  function asPrelu(a: number | undefined, b: number | undefined): TfliteOperator['inputs'] | undefined {
    const x = inputOf(a, 'RELU');
    const product = inputsOf(b, 'MUL');
    if (x === undefined || !product) return undefined;
    const slope = product.find((input) => tensors[input]?.data instanceof Float32Array);
    const other = product.find((input) => input !== slope);
    if (slope === undefined || other === undefined) return undefined;

    if (inputOf(inputOf(inputOf(other, 'NEG'), 'RELU'), 'NEG') === x) return [x, slope];
    const difference = inputsOf(other, 'SUB');
    if (difference?.[0] === x && inputOf(difference[1], 'ABS') === x) return [x, doubled(slope)];
    return undefined;
  }

  /** A new constant of twice the values of another. */
  function doubled(constant: number): number {
    const original = tensors[constant];
    if (!original) throw new RangeError(`there is no tensor ${constant}`);
    const data = Float32Array.from(original.data ?? [], (value) => 2 * value);
    return tensors.push({ ...original, data }) - 1;
  }

  /** What goes into the softmax that `quotient` spells out. */
  function asSoftmax([exponentials, total]: readonly number[]): number | undefined {
    const [summed, sumAxis] = inputsOf(total, 'SUM') ?? [];
    if (exponentials === undefined || summed !== exponentials) return undefined;
    const [x, peak] = inputsOf(inputOf(exponentials, 'EXP'), 'SUB') ?? [];
    const [peaked, peakAxis] = inputsOf(peak, 'REDUCE_MAX') ?? [];
    if (x === undefined || peaked !== x) return undefined;
    return isLastAxis(x, sumAxis) && isLastAxis(x, peakAxis) ? x : undefined;
  }

  function isLastAxis(x: number, axis: number | undefined): boolean {
    const rank = tensors[x]?.shape.length ?? 0;
    const data = axis === undefined ? undefined : tensors[axis]?.data;
    return data?.length === 1 && (data[0] === -1 || data[0] === rank - 1);
  }

  function folded(op: TfliteOperator): TfliteOperator {
    if (op.options['activation']) return op;
    if (op.code === 'ADD') {
      const [a, b] = op.inputs;
      const inputs = asPrelu(a, b) ?? asPrelu(b, a);
      if (inputs) return { code: 'PRELU', inputs, outputs: op.outputs, options: {} };
    }
    if (op.code === 'DIV') {
      const x = asSoftmax(op.inputs);
      if (x !== undefined) return { code: 'SOFTMAX', inputs: [x], outputs: op.outputs, options: { beta: 1 } };
    }
    return op;
  }

  const operators = withoutUnused(graph.operators.map(folded), graph.outputs);
  return { ...graph, tensors, operators };
}

/** The operators that the outputs depend on. They are in computing order, so that one walk from the end finds them. */
function withoutUnused(operators: readonly TfliteOperator[], outputs: readonly number[]): TfliteOperator[] {
  const needed = new Set(outputs);
  return operators
    .toReversed()
    .filter((op) => {
      if (!op.outputs.some((output) => needed.has(output))) return false;
      for (const input of op.inputs) needed.add(input);
      return true;
    })
    .toReversed();
}
