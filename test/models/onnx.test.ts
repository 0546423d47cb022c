import { describe, expect, it } from 'vitest';
import { writeOnnx, type OnnxGraph } from '../../src/models/convert/onnx.ts';
import { runOnnx } from './support/nets.ts';

const graph: OnnxGraph = {
  name: 'double-and-turn',
  nodes: [
    { op: 'Mul', name: 'double', inputs: ['input', 'two'], outputs: ['doubled'], attributes: {} },
    {
      op: 'Transpose',
      name: 'turn',
      inputs: ['doubled'],
      outputs: ['turned'],
      attributes: { perm: [0, 2, 1] },
    },
    { op: 'Flatten', name: 'flat', inputs: ['turned'], outputs: ['output'], attributes: { axis: 1 } },
  ],
  constants: [{ name: 'two', dims: [1], data: Float32Array.of(2) }],
  inputs: [{ name: 'input', dims: ['n', 2, 'w'] }],
  outputs: [{ name: 'output', dims: ['n', 'columns'] }],
};

describe('writeOnnx', () => {
  it('writes what the runtime reads, with free dimensions', async () => {
    const { output } = await runOnnx(writeOnnx(graph), {
      shape: [1, 2, 3],
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(output).toEqual({ shape: [1, 6], data: Float32Array.of(2, 8, 4, 10, 6, 12) });
  });

  it('gives the same bytes each time', () => {
    expect(writeOnnx(structuredClone(graph))).toEqual(writeOnnx(graph));
  });

  it('takes constants that are a part of a larger memory', async () => {
    const data = Float32Array.of(9, 9, 2, 9).subarray(2, 3);
    const part = { ...graph, constants: [{ name: 'two', dims: [1], data }] };
    expect(writeOnnx(part)).toEqual(writeOnnx(graph));
  });
});
