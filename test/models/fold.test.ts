import { describe, expect, it } from 'vitest';
import { foldOperators } from '../../src/models/convert/fold.ts';
import { answer, converted, expected, graphOf } from './support/convert.ts';
import { distance, noise } from './support/nets.ts';
import type { OperatorSpec, TensorSpec, TfliteSpec } from './support/tflite-file.ts';

const image = [1, 3, 4, 5];
const slope: TensorSpec = noise([5], 9);
const op = (code: string, inputs: readonly number[], output: number, options?: OperatorSpec['options']) => ({
  code,
  inputs,
  outputs: [output],
  ...(options && { options }),
});
const spelledOut = (
  operators: readonly OperatorSpec[],
  output: number,
  constants: readonly TensorSpec[],
): TfliteSpec => ({
  tensors: [
    { shape: image },
    ...constants,
    ...Array.from({ length: output - constants.length }, () => ({ shape: image })),
  ],
  operators,
  inputs: [0],
  outputs: [output],
});

/** relu(x) + a · −relu(−x); tensor 1 is a. */
const twoHalves = [
  op('RELU', [0], 2),
  op('NEG', [0], 3),
  op('RELU', [3], 4),
  op('NEG', [4], 5),
  op('MUL', [1, 5], 6),
  op('ADD', [2, 6], 7),
];
/** relu(x) + a · (x − |x|) */
const withAbsolute = [
  op('RELU', [0], 2),
  op('ABS', [0], 3),
  op('SUB', [0, 3], 4),
  op('MUL', [4, 1], 5),
  op('ADD', [5, 2], 6),
];

describe('PReLU that is spelled out', () => {
  it.each([
    ['in two halves', twoHalves, 7, 1],
    ['with the absolute value', withAbsolute, 6, 2],
  ] as const)('%s becomes PRELU', async (_, operators, output, factor) => {
    const graph = graphOf(spelledOut(operators, output, [slope]));
    const folded = foldOperators(graph);
    expect(folded.operators.map(({ code }) => code)).toEqual(['PRELU']);
    const constant = folded.tensors[folded.operators[0]?.inputs[1] ?? -1];
    expect(constant?.data).toEqual(slope.data?.map((value) => factor * value));

    const input = noise(image, 4);
    const answered = await answer(converted(graph), input);
    expect(distance(answered.data, expected(graph, input).data)).toBeLessThan(1e-6);
  });

  it('stays as it is when something else is meant', () => {
    const variants: OperatorSpec[][] = [
      // relu(x) + a · −relu(x)
      [op('RELU', [0], 2), op('RELU', [0], 4), op('NEG', [4], 5), op('MUL', [1, 5], 6), op('ADD', [2, 6], 7)],
      // The product has an activation of its own.
      twoHalves.map((operator) =>
        operator.code === 'MUL' ? { ...operator, options: { activation: 1 } } : operator,
      ),
      // |x| − x
      [
        op('RELU', [0], 2),
        op('ABS', [0], 3),
        op('SUB', [3, 0], 4),
        op('MUL', [4, 1], 5),
        op('ADD', [2, 5], 7),
      ],
    ];
    for (const operators of variants) {
      const { operators: folded } = foldOperators(graphOf(spelledOut(operators, 7, [slope])));
      expect(folded.map(({ code }) => code)).toEqual(operators.map(({ code }) => code));
    }
  });

  it('keeps a step that is read elsewhere too', async () => {
    const graph = graphOf(spelledOut([...twoHalves, op('ADD', [7, 2], 8)], 8, [slope]));
    expect(foldOperators(graph).operators.map(({ code }) => code)).toEqual(['RELU', 'PRELU', 'ADD']);
    const input = noise(image, 4);
    const answered = await answer(converted(graph), input);
    expect(distance(answered.data, expected(graph, input).data)).toBeLessThan(1e-6);
  });
});

/** exp(x − max(x)) / sum of the same, along an axis. */
function softmax(axis: number): TfliteSpec {
  const single = { shape: [1, 3, 4, 1] };
  const full = { shape: image };
  return {
    tensors: [full, { shape: [], data: Int32Array.of(axis) }, single, full, full, single, full],
    operators: [
      op('REDUCE_MAX', [0, 1], 2),
      op('SUB', [0, 2], 3),
      op('EXP', [3], 4),
      op('SUM', [4, 1], 5),
      op('DIV', [4, 5], 6),
    ],
    inputs: [0],
    outputs: [6],
  };
}

describe('a softmax that is spelled out', () => {
  it.each([-1, 3])('along axis %i becomes SOFTMAX', async (axis) => {
    const graph = graphOf(softmax(axis));
    expect(foldOperators(graph).operators.map(({ code }) => code)).toEqual(['SOFTMAX']);
    const input = noise(image, 4);
    const answered = await answer(converted(graph), input);
    expect(distance(answered.data, expected(graph, input).data)).toBeLessThan(1e-6);
  });

  it('along another axis stays as it is', () => {
    expect(foldOperators(graphOf(softmax(1))).operators).toHaveLength(5);
  });
});
