import { describe, expect, it } from 'vitest';
import { MusterError } from '../../src/lib/errors.ts';
import { readTflite } from '../../src/models/convert/tflite.ts';
import { noise } from './support/nets.ts';
import { tfliteFile, type TfliteSpec } from './support/tflite-file.ts';

const spec: TfliteSpec = {
  tensors: [
    { shape: [1, 4, 5, 3] },
    { shape: [2, 3, 3, 3], data: noise([2, 3, 3, 3], 1).data },
    { shape: [2], data: Float32Array.of(0.5, -0.5) },
    { shape: [1, 4, 5, 2] },
    { shape: [2], data: Int32Array.of(-1, 40) },
    { shape: [1, 40] },
  ],
  operators: [
    {
      code: 'CONV_2D',
      inputs: [0, 1, 2],
      outputs: [3],
      options: { padding: 0, stride_w: 1, stride_h: 1, activation: 1 },
    },
    { code: 'RESHAPE', inputs: [3, 4], outputs: [5], options: { new_shape: [1, 40] } },
  ],
  inputs: [0],
  outputs: [5],
};
const file = tfliteFile(spec);

/** Reads a file that may be broken: a graph or a MusterError, and nothing else. */
function attempt(bytes: Uint8Array): 'read' | 'refused' {
  try {
    readTflite(bytes, 'test.tflite');
    return 'read';
  } catch (error) {
    if (error instanceof MusterError && error.code === 'tflite_invalid') return 'refused';
    throw error;
  }
}

describe('readTflite', () => {
  it('reads tensors, operators, options and edges', () => {
    const graph = readTflite(file, 'test.tflite');
    expect(graph.inputs).toEqual([0]);
    expect(graph.outputs).toEqual([5]);
    expect(graph.tensors.map(({ shape, type, data }) => ({ shape, type, data }))).toEqual(
      spec.tensors.map(({ shape, data }) => ({
        shape,
        type: data instanceof Int32Array ? 'int32' : 'float32',
        data,
      })),
    );
    expect(graph.operators).toEqual([
      {
        code: 'CONV_2D',
        inputs: [0, 1, 2],
        outputs: [3],
        // What the file leaves out has the schema's defaults.
        options: { padding: 0, stride_w: 1, stride_h: 1, activation: 1, dilation_w: 1, dilation_h: 1 },
      },
      { code: 'RESHAPE', inputs: [3, 4], outputs: [5], options: { new_shape: [1, 40] } },
    ]);
  });

  it('reads a file wherever it lies in memory', () => {
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(readTflite(shifted.subarray(1), 'test.tflite')).toEqual(readTflite(file, 'test.tflite'));
    expect(readTflite(Buffer.from(file), 'test.tflite')).toEqual(readTflite(file, 'test.tflite'));
  });

  it.each([
    ['nothing', new Uint8Array(0), /TFL3/],
    ['a text', Buffer.from('not a model at all, just some words'), /TFL3/],
    ['another flatbuffer', Uint8Array.from(file, (byte, i) => (i === 4 ? 88 : byte)), /TFL3/],
    ['another version of the schema', tfliteFile({ ...spec, version: 4 }), /version is 4/],
    ['a tensor that is not there', tfliteFile({ ...spec, outputs: [6] }), /tensor 6 of 6/],
    [
      'values that do not fill their shape',
      tfliteFile({
        ...spec,
        tensors: [...spec.tensors.slice(0, 5), { shape: [9], data: new Float32Array(8) }],
      }),
      /32 bytes for 9 values/,
    ],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => readTflite(bytes, 'weights/test.tflite')).toThrow(reason);
    expect(() => readTflite(bytes, 'weights/test.tflite')).toThrow(/weights\/test\.tflite/);
    expect(attempt(bytes)).toBe('refused');
  });

  it('refuses every file that is cut short before its data ends, and crashes on none', () => {
    const answers = Array.from({ length: file.length }, (_, length) => attempt(file.subarray(0, length)));
    expect(answers.filter((answer) => answer === 'refused').length).toBeGreaterThan(file.length / 2);
  });

  it('survives files in which bytes were changed', { timeout: 60_000 }, () => {
    const dice = noise([4000, 3], 77).data;
    let refused = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = file.slice();
      for (let k = 0; k < 3; k++) {
        const die = Math.floor(Math.abs(dice[round * 3 + k] ?? 0) * 1e9);
        // The first tries hit one byte each, the rest put in numbers as large as they get.
        const place = die % bytes.length;
        if (round < 2000) bytes[place] = die >> 10;
        else bytes.fill(255, place, place + 4);
      }
      const started = performance.now();
      if (attempt(bytes) === 'refused') refused += 1;
      expect(performance.now() - started).toBeLessThan(1000);
    }
    expect(refused).toBeGreaterThan(500);
  });
});
