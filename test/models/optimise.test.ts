import { describe, expect, it } from 'vitest';
import type { OnnxGraph, OnnxNode } from '../../src/models/convert/onnx.ts';
import { writeOnnx } from '../../src/models/convert/onnx.ts';
import { mergeConvolutions } from '../../src/models/convert/passes/merge.ts';
import { preluAfterPool, preluAsMax } from '../../src/models/convert/passes/prelu.ts';
import { preluAsSum } from '../../src/models/convert/passes/prelu-sum.ts';
import { softmaxOfTwo } from '../../src/models/convert/passes/sigmoid.ts';
import { distance, noise, runOnnx } from './support/nets.ts';

interface Layer {
  readonly op: string;
  readonly attributes?: OnnxNode['attributes'];
  /** Shapes of the constants. */
  readonly constants?: readonly (readonly number[])[];
  /** Names of what goes in; without, what the layer before makes. */
  readonly inputs?: readonly string[];
}

const conv = (shape: readonly number[], attributes: OnnxNode['attributes'] = {}): Layer => ({
  op: 'Conv',
  attributes: { kernel_shape: shape.slice(2), group: 1, strides: [1, 1], pads: [0, 0, 0, 0], ...attributes },
  constants: [shape, [shape[0] ?? 0]],
});
const prelu = (channels: number): Layer => ({ op: 'PRelu', constants: [[channels, 1, 1]] });

/** Layers in a row, named a, b, c, …; `spread` stretches the constants. */
function chain(layers: readonly Layer[], channels: number, spread = 1): OnnxGraph {
  const constants: OnnxGraph['constants'][number][] = [];
  const nodes = layers.map(({ op, attributes = {}, constants: shapes = [], inputs }, i) => {
    const name = letter(i);
    const made = shapes.map((dims, k) => {
      const { data } = noise(dims, 11 * i + k + 1);
      constants.push({ name: `${name}${k}`, dims, data: data.map((value) => value * spread) });
      return `${name}${k}`;
    });
    const before = inputs ?? [i === 0 ? 'input' : letter(i - 1)];
    return { op, name: `${op}:${name}`, inputs: [...before, ...made], outputs: [name], attributes };
  });
  return {
    name: 'test',
    nodes,
    constants,
    inputs: [{ name: 'input', dims: ['n', channels, 'h', 'w'] }],
    outputs: [{ name: letter(layers.length - 1), dims: ['n', 'c', 'y', 'x'] }],
  };
}

function letter(i: number): string {
  return String.fromCodePoint(97 + i);
}

/** The operators that a pass leaves, and by how much the answers differ then. */
async function effect(
  pass: (graph: OnnxGraph) => OnnxGraph,
  graph: OnnxGraph,
): Promise<{ operators: string[]; difference: number }> {
  const after = pass(graph);
  const input = noise([2, Number(graph.inputs[0]?.dims[1]), 6, 7], 5);
  const [was] = Object.values(await runOnnx(writeOnnx(graph), input));
  const [is] = Object.values(await runOnnx(writeOnnx(after), input));
  if (!was || !is || String(was.shape) !== String(is.shape)) throw new Error('the output has another shape');
  return { operators: after.nodes.map(({ op }) => op), difference: distance(is.data, was.data) };
}

const operatorsOf = (layers: readonly Layer[]) => layers.map(({ op }) => op);

describe('mergeConvolutions', () => {
  it('makes one of a convolution and a 1×1 one', async () => {
    const pads = { pads: [1, 1, 1, 1], strides: [2, 2] };
    const { operators, difference } = await effect(
      mergeConvolutions,
      chain([conv([8, 3, 3, 3], pads), conv([8, 8, 1, 1])], 3),
    );
    expect(operators).toEqual(['Conv']);
    expect(difference).toBeLessThanOrEqual(1e-5);
  });

  it('makes one of three', async () => {
    const layers = [conv([8, 8, 1, 1]), conv([9, 8, 1, 1]), conv([5, 9, 1, 1])];
    const { operators, difference } = await effect(mergeConvolutions, chain(layers, 8));
    expect(operators).toEqual(['Conv']);
    expect(difference).toBeLessThanOrEqual(1e-5);
  });

  it('takes the constants of the first away', () => {
    const { constants } = mergeConvolutions(chain([conv([8, 8, 1, 1]), conv([9, 8, 1, 1])], 8));
    expect(constants.map(({ name, dims }) => [name, ...dims])).toEqual([
      ['b0', 9, 8, 1, 1],
      ['b1', 9],
    ]);
  });

  it.each([
    ['the one would have more weights', [conv([2, 8, 1, 1]), conv([8, 2, 1, 1])]],
    ['the second has a window', [conv([8, 8, 1, 1]), conv([8, 8, 2, 2])]],
    ['the second has a stride', [conv([8, 8, 1, 1]), conv([8, 8, 1, 1], { strides: [2, 2] })]],
    [
      'the second pads, which the bias would spoil',
      [conv([8, 8, 1, 1]), conv([8, 8, 1, 1], { pads: [1, 1, 1, 1] })],
    ],
    ['the first is depthwise', [conv([8, 1, 1, 1], { group: 8 }), conv([8, 8, 1, 1])]],
    ['the second is grouped', [conv([8, 8, 1, 1]), conv([8, 4, 1, 1], { group: 2 })]],
    ['something lies between', [conv([8, 8, 1, 1]), { op: 'Relu' }, conv([8, 8, 1, 1])]],
  ] as const)('leaves them alone when %s', async (_, layers) => {
    const { operators, difference } = await effect(mergeConvolutions, chain(layers, 8));
    expect(operators).toEqual(operatorsOf(layers));
    expect(difference).toBeLessThanOrEqual(0);
  });

  it('leaves them alone when the first is read elsewhere too', async () => {
    const graph = chain([conv([8, 8, 1, 1]), conv([8, 8, 1, 1]), { op: 'Add', inputs: ['a', 'b'] }], 8);
    const { operators, difference } = await effect(mergeConvolutions, graph);
    expect(operators).toEqual(['Conv', 'Conv', 'Add']);
    expect(difference).toBeLessThanOrEqual(0);
  });
});

describe('preluAsMax', () => {
  it('is exact where no slope is above 1', async () => {
    const { operators, difference } = await effect(
      preluAsMax,
      chain([conv([8, 3, 3, 3]), prelu(8), { op: 'Relu' }], 3),
    );
    expect(operators).toEqual(['Conv', 'Mul', 'Max', 'Relu']);
    expect(difference).toBeLessThanOrEqual(0);
  });

  it.each([
    ['a convolution', conv([5, 8, 3, 3])],
    ['a depthwise one', conv([8, 1, 3, 3], { group: 8 })],
    ['a grouped one', conv([6, 4, 1, 1], { group: 2 })],
  ])('changes signs where one is, before %s', async (_, next) => {
    const graph = chain([conv([8, 3, 3, 3]), prelu(8), next], 3, 3);
    expect(Math.max(...(graph.constants.find(({ name }) => name === 'b0')?.data ?? []))).toBeGreaterThan(1);
    // Exact but for the order of sums inside of the runtime.
    const { operators, difference } = await effect(preluAsMax, graph);
    expect(operators).toEqual(['Conv', 'Mul', 'Max', 'Conv']);
    expect(difference).toBeLessThanOrEqual(1e-4);
  });

  it('changes the signs for every reader', async () => {
    const layers: Layer[] = [
      conv([8, 3, 3, 3]),
      prelu(8),
      conv([5, 8, 1, 1]),
      { ...conv([5, 8, 1, 1]), inputs: ['b'] },
      { op: 'Add', inputs: ['c', 'd'] },
    ];
    const { operators, difference } = await effect(preluAsMax, chain(layers, 3, 3));
    expect(operators).toEqual(['Conv', 'Mul', 'Max', 'Conv', 'Conv', 'Add']);
    expect(difference).toBeLessThanOrEqual(1e-4);
  });

  it.each([
    ['nothing linear before', [prelu(8), conv([5, 8, 1, 1])]],
    ['nothing linear behind', [conv([8, 8, 1, 1]), prelu(8), { op: 'Relu' }]],
    ['the end behind', [conv([8, 8, 1, 1]), prelu(8)]],
  ] as const)('takes the minimum first where signs cannot change, with %s', async (_, layers) => {
    const { operators, difference } = await effect(preluAsMax, chain(layers, 8, 30));
    expect(operators).toEqual(
      operatorsOf(layers).flatMap((op) => (op === 'PRelu' ? ['Mul', 'Min', 'Mul', 'Max'] : [op])),
    );
    expect(difference).toBeLessThanOrEqual(0);
  });
});

describe('preluAfterPool', () => {
  const pool: Layer = { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [2, 2] } };
  const rising = (graph: OnnxGraph): OnnxGraph => ({
    ...graph,
    constants: graph.constants.map((constant) => ({ ...constant, data: constant.data.map(Math.abs) })),
  });

  it('pools first, exactly, where no slope falls', async () => {
    const graph = rising(chain([prelu(8), pool, { op: 'Relu' }], 8, 3));
    const { operators, difference } = await effect(preluAfterPool, graph);
    expect(operators).toEqual(['MaxPool', 'PRelu', 'Relu']);
    expect(difference).toBeLessThanOrEqual(0);
  });

  it.each([
    ['with a slope below 0', chain([prelu(8), pool], 8, 3)],
    ['that is read elsewhere too', rising(chain([prelu(8), pool, { ...prelu(8), inputs: ['a'] }], 8))],
    ['before another layer', rising(chain([prelu(8), conv([5, 8, 1, 1])], 8))],
  ])('leaves one alone %s', async (_, graph) => {
    const { operators } = await effect(preluAfterPool, graph);
    expect(operators).toEqual(graph.nodes.map(({ op }) => op));
  });
});

describe('softmaxOfTwo', () => {
  it('makes a sigmoid of it', async () => {
    const graph = chain([conv([2, 3, 3, 3]), { op: 'Softmax', attributes: { axis: 1 } }], 3);
    const { operators, difference } = await effect(softmaxOfTwo, graph);
    expect(operators).toEqual(['Conv', 'Sigmoid']);
    expect(difference).toBeLessThanOrEqual(1e-6);
  });

  it.each([
    ['three classes', [conv([3, 3, 1, 1]), { op: 'Softmax', attributes: { axis: 1 } }]],
    ['another axis', [conv([2, 3, 1, 1]), { op: 'Softmax', attributes: { axis: 2 } }]],
    [
      'logits of something else',
      [conv([2, 3, 1, 1]), { op: 'Relu' }, { op: 'Softmax', attributes: { axis: 1 } }],
    ],
  ] as const)('leaves a softmax over %s alone', async (_, layers) => {
    const { operators, difference } = await effect(softmaxOfTwo, chain(layers, 3));
    expect(operators).toEqual(operatorsOf(layers));
    expect(difference).toBeLessThanOrEqual(0);
  });

  it('leaves it alone when the logits are read elsewhere too', async () => {
    const layers: Layer[] = [
      conv([2, 3, 1, 1]),
      { op: 'Softmax', attributes: { axis: 1 } },
      { op: 'Add', inputs: ['a', 'b'] },
    ];
    const { operators, difference } = await effect(softmaxOfTwo, chain(layers, 3));
    expect(operators).toEqual(['Conv', 'Softmax', 'Add']);
    expect(difference).toBeLessThanOrEqual(0);
  });
});

describe('preluAsSum', () => {
  const both = (graph: OnnxGraph) => preluAsSum(preluAsMax(graph));

  it('makes a sum of a PReLU, whatever its slopes are', async () => {
    const graph = chain([conv([16, 3, 3, 3]), prelu(16), conv([4, 16, 1, 1])], 3, 4);
    const slopes = graph.constants.find(({ dims }) => dims.length === 3)!.data;
    expect(Math.max(...slopes)).toBeGreaterThan(1);
    expect(Math.min(...slopes)).toBeLessThan(0);
    const { operators, difference } = await effect(both, graph);
    expect(operators).toEqual(['Conv', 'Relu', 'Mul', 'Mul', 'Add', 'Conv']);
    expect(difference).toBeLessThanOrEqual(1e-4);
  });

  it('makes one sum of the Min and the Max that stand for one PReLU', async () => {
    const pool: Layer = { op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [2, 2] } };
    const graph = chain([conv([16, 3, 3, 3]), prelu(16), pool], 3, 4);
    expect(preluAsMax(graph).nodes.map(({ op }) => op)).toContain('Min');
    const { operators, difference } = await effect(both, graph);
    expect(operators).toEqual(['Conv', 'Relu', 'Mul', 'Mul', 'Add', 'MaxPool']);
    expect(difference).toBeLessThanOrEqual(1e-5);
  });

  it('takes two bends in a row as one, with slopes of any sign', async () => {
    const graph = chain([conv([16, 3, 3, 3]), prelu(16), prelu(16)], 3, 4);
    const { operators, difference } = await effect(both, graph);
    expect(operators).toEqual(['Conv', 'Relu', 'Mul', 'Mul', 'Add']);
    expect(difference).toBeLessThanOrEqual(1e-4);
  });

  it('leaves a Max alone whose scaled values somebody else reads too', async () => {
    const graph = preluAsMax(chain([conv([8, 3, 3, 3]), prelu(8)], 3));
    const { outputs } = graph.nodes.find(({ op }) => op === 'Mul')!;
    const shown = {
      ...graph,
      outputs: [...graph.outputs, { name: outputs[0]!, dims: ['n', 'c', 'y', 'x'] }],
    };
    expect(preluAsSum(shown).nodes).toEqual(graph.nodes);
  });
});
