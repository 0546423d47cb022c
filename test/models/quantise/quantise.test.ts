import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { defaultModelsDir } from '../../../src/lib/package.ts';
import { modelType, writeOnnx, type OnnxGraph, type OnnxNode } from '../../../src/models/convert/onnx.ts';
import { readOnnx } from '../../../src/models/convert/read-onnx.ts';
import { codeRows, gridOf, quantise } from '../../../src/models/quantise/quantise.ts';
import { observe, withTaps, type Range } from '../../../src/models/quantise/ranges.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { loadPack } from '../../../src/models/load.ts';
import { rangesOver } from '../../../src/vision/variant.ts';
import { temporaryFolder } from '../../support/tools.ts';
import { distance, noise, runOnnx } from '../support/nets.ts';

const random = seededRandom(3);
const numbers = (length: number, size = 1) => Float32Array.from({ length }, () => (random() * 2 - 1) * size);
const conv: OnnxNode['attributes'] = {
  kernel_shape: [1, 1],
  dilations: [1, 1],
  group: 1,
  strides: [1, 1],
  pads: [0, 0, 0, 0],
};

/** Conv 1×1 of 3 to 4 channels, ReLU, flattened, fully connected to 2. */
const graph: OnnxGraph = {
  name: 'small',
  nodes: [
    { op: 'Conv', name: 'c', inputs: ['input', 'c.w', 'c.b'], outputs: ['c'], attributes: conv },
    { op: 'Relu', name: 'r', inputs: ['c'], outputs: ['r'], attributes: {} },
    { op: 'Flatten', name: 'f', inputs: ['r'], outputs: ['f'], attributes: { axis: 1 } },
    {
      op: 'Gemm',
      name: 'g',
      inputs: ['f', 'g.w', 'g.b'],
      outputs: ['embedding'],
      attributes: { transB: 1 },
    },
  ],
  constants: [
    { name: 'c.w', dims: [4, 3, 1, 1], data: numbers(12) },
    { name: 'c.b', dims: [4], data: numbers(4, 0.1) },
    { name: 'g.w', dims: [2, 16], data: numbers(32) },
    { name: 'g.b', dims: [2], data: numbers(2, 0.1) },
  ],
  inputs: [{ name: 'input', dims: ['n', 3, 2, 2] }],
  outputs: [{ name: 'embedding', dims: ['n', 2] }],
};
const shape = [1, 3, 2, 2];
const constant = (name: string) => graph.constants.find((each) => each.name === name)!.data;

async function rangesOf(inputs: readonly Float32Array[]): Promise<Map<string, Range>> {
  const ranges = new Map<string, Range>();
  for (const data of inputs) {
    observe(ranges, await runOnnx(writeOnnx(withTaps(graph)), { shape, data }));
    observe(ranges, { input: { data } });
  }
  return ranges;
}

/** What the quantised net means, in plain arithmetic: each tensor on its grid, weights on the grid of their row. */
function reference(input: Float32Array, ranges: ReadonlyMap<string, Range>): number[] {
  const rounded = (values: ArrayLike<number>, tensor: string) => {
    const { scale, zero } = gridOf(ranges.get(tensor)!);
    const code = (value: number) => Math.max(-128, Math.min(127, Math.round(value / scale) + zero));
    return Array.from(values, (value) => (code(value) - zero) * scale);
  };
  const weights = (name: string, rows: number) => {
    const data = constant(name);
    const { codes, scales } = codeRows({ name, dims: [], data }, rows, 127);
    return Array.from(codes, (code, i) => code * scales[Math.floor(i / (codes.length / rows))]!);
  };
  const x = rounded(input, 'input');
  const w = weights('c.w', 4);
  const sums = Array.from({ length: 16 }, (_, i) => {
    const [row, place] = [Math.floor(i / 4), i % 4];
    return [0, 1, 2].reduce((sum, c) => sum + w[row * 3 + c]! * x[c * 4 + place]!, constant('c.b')[row]!);
  });
  const f = rounded(
    rounded(sums, 'c').map((value) => Math.max(0, value)),
    'f',
  );
  const g = weights('g.w', 2);
  return [0, 1].map((row) =>
    f.reduce((sum, value, i) => sum + value * g[row * 16 + i]!, constant('g.b')[row]!),
  );
}

describe('quantise', () => {
  it('computes what plain arithmetic on the same grids gives, within one step of them', async () => {
    const inputs = Array.from({ length: 8 }, () => numbers(12));
    const ranges = await rangesOf(inputs);
    const onnx = writeOnnx(quantise(graph, ranges));
    for (const data of inputs) {
      const { embedding } = await runOnnx(onnx, { shape, data });
      const wanted = reference(data, ranges);
      // A value in the middle between two steps may go to either: up to a step of c and of f for some of 16 weights.
      const tolerance = 3 * Math.max(gridOf(ranges.get('c')!).scale, gridOf(ranges.get('f')!).scale);
      for (const [i, value] of wanted.entries())
        expect(Math.abs(embedding!.data[i]! - value)).toBeLessThan(tolerance);
      const { embedding: exact } = await runOnnx(writeOnnx(graph), { shape, data });
      expect(embedding!.data).not.toEqual(exact!.data);
    }
  });

  it('computes the same with codes from 0 on', async () => {
    const ranges = await rangesOf([numbers(12)]);
    const data = numbers(12);
    const [from128, from0] = await Promise.all(
      [false, true].map((unsigned) =>
        runOnnx(writeOnnx(quantise(graph, ranges, { unsigned })), { shape, data }),
      ),
    );
    expect(distance(from0!.embedding!.data, from128!.embedding!.data)).toBeLessThan(1e-5);
  });

  it('leaves no convolution of the embedder in float32, with codes that suit the processor', async () => {
    const { embedder } = await loadPack(defaultModelsDir, 'edge');
    const net = readOnnx(await embedder.read(), embedder.name);
    const dims = [1, 3, 112, 112];
    const ranges = await rangesOver(net, [noise(dims).data], dims, 1);
    const file = join(await temporaryFolder(), 'optimised.onnx');
    const session = await InferenceSession.create(
      writeOnnx(quantise(net, ranges, { unsigned: process.arch === 'x64' })),
      { optimizedModelFilePath: file, logSeverityLevel: 3 },
    );
    await session.release();
    const { graph: optimised } = modelType.toObject(modelType.decode(await readFile(file))) as {
      graph: { node: { op_type: string }[] };
    };
    const operators = optimised.node.map(({ op_type }) => op_type);
    expect(operators.filter((op) => op === 'QLinearConv')).toHaveLength(
      net.nodes.filter(({ op }) => op === 'Conv').length,
    );
    expect(operators).not.toContain('Conv');
  });

  it('holds weights in a byte each, and the same graph gives the same bytes', async () => {
    const ranges = await rangesOf([numbers(12)]);
    const small = quantise(graph, ranges, { mostWeight: 63 });
    const codes = small.coded!.find(({ name }) => name === 'c.w.codes')!.data;
    expect(codes).toBeInstanceOf(Int8Array);
    expect(Math.max(...Array.from(codes, Math.abs))).toBe(63);
    expect(writeOnnx(quantise(graph, ranges))).toEqual(writeOnnx(quantise(graph, ranges)));
  });
});

describe('gridOf', () => {
  it.each([
    { low: -1, high: 1 },
    { low: 0, high: 6 },
    { low: -3, high: 0 },
    { low: 0, high: 0 },
  ])('has 0 on the grid of $low to $high, and its ends within a step', ({ low, high }) => {
    const { scale, zero } = gridOf({ low, high });
    expect(Number.isInteger(zero)).toBe(true);
    expect(Math.abs((-128 - zero) * scale - low)).toBeLessThanOrEqual(scale);
    expect(Math.abs((127 - zero) * scale - high)).toBeLessThanOrEqual(low === high ? 255 : scale);
  });
});

describe('readOnnx', () => {
  it('reads what writeOnnx has written', () => {
    expect(readOnnx(writeOnnx(graph), 'small')).toEqual(graph);
  });

  it('refuses a damaged file, and one that is quantised already', async () => {
    const quantised = writeOnnx(quantise(graph, await rangesOf([numbers(12)])));
    for (const bytes of [Uint8Array.of(1, 2, 3), quantised])
      expect(() => readOnnx(bytes, 'small')).toThrow(expect.objectContaining({ code: 'onnx_unsupported' }));
  });
});
