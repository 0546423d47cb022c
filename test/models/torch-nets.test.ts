import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MusterError } from '../../src/lib/errors.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { makeOnnx } from '../../src/models/make.ts';
import { readManifest, type ModelEntry } from '../../src/models/manifest.ts';
import { distance, noise, runOnnx } from './support/nets.ts';
import { inceptionFile } from './support/state-dicts.ts';

const golden = new URL('../../../shared/golden/', import.meta.url).pathname;
const manifest = await readManifest(defaultModelsDir);

/** The manifest's entry, for weights of another file. */
function entryFor(name: string, weights: Uint8Array, change: object = {}): ModelEntry {
  const entry = manifest.models[name]!;
  return {
    ...entry,
    weights: { ...entry.weights, ...change, sha256: sha256Of(weights) },
  };
}
const weightsFile = (file: string) => readFileSync(join(golden, 'weights', file));

describe('InceptionResnetV1 of a state dict of random numbers', () => {
  const weights = inceptionFile();

  it('gives 512 numbers a face, whatever head the file has', async () => {
    const name = 'inception-resnet-v1';
    const onnx = makeOnnx(name, entryFor(name, weights), weights);
    const { embedding } = await runOnnx(onnx, noise([2, 3, 160, 160], 3));
    expect(embedding?.shape).toEqual([2, 512]);
    expect(embedding?.data.every(Number.isFinite)).toBe(true);
  });

  it.each([
    ['a layer is missing', 'last_linear.weight', undefined, 'there is no last_linear.weight'],
    [
      'a layer has another shape',
      'conv2d_2a.conv.weight',
      [4, 3, 3, 3],
      'conv2d_2a.conv.weight has the shape [4, 3, 3, 3]',
    ],
    ['a norm has another length', 'conv2d_2a.bn.weight', [3], 'conv2d_2a.bn.weight has the shape [3]'],
    ['it has other dimensions', 'last_linear.weight', [128, 224], 'last_bn.weight has the shape [512]'],
  ])('is refused when %s', (_, tensor, shape, reason) => {
    const name = 'inception-resnet-v1';
    const other = inceptionFile({ [tensor]: shape });
    expect(() => makeOnnx(name, entryFor(name, other), other)).toThrow(reason);
  });

  it('is refused for a net that it is not', () => {
    const wrong = () => makeOnnx('minifasnet-v2', entryFor('minifasnet-v2', weights), weights);
    expect(wrong).toThrow(MusterError);
    expect(wrong).toThrow('there is no conv1.conv.weight');
  });
});

describe.skipIf(!existsSync(golden))('the published weights (in ../shared)', () => {
  it.each([
    ['pnet', 'pnet.pt', [1, 3, 27, 34]],
    ['pnet', 'pnet-zip.pt', [1, 3, 50, 61]],
    ['rnet', 'rnet.pt', [3, 3, 24, 24]],
    ['onet', 'onet.pt', [3, 3, 48, 48]],
  ] as const)('%s of %s answers as the edge pack does, to 1e-5', async (name, file, shape) => {
    const weights = weightsFile(file);
    const onnx = makeOnnx(name, entryFor(name, weights, { format: 'torch', architecture: name }), weights);
    const ours = await readFile(join(defaultModelsDir, manifest.models[name]!.file));
    for (const seed of [1, 2]) {
      const image = noise(shape, seed);
      const [made, wanted] = [await runOnnx(onnx, image), await runOnnx(ours, image)];
      expect(Object.keys(made)).toEqual(Object.keys(wanted));
      for (const [output, { shape: size, data }] of Object.entries(wanted)) {
        expect(made[output]?.shape).toEqual(size);
        expect(distance(made[output]!.data, data)).toBeLessThan(1e-5);
      }
    }
  });

  it(
    'InceptionResnetV1 gives the embeddings of facenet-pytorch: cosine ≥ 0.99999, 1e-4 a number',
    { timeout: 120_000 },
    async () => {
      const weights = gunzipSync(readFileSync(join(golden, 'facenet-sparse.pt.gz')));
      const name = 'inception-resnet-v1';
      const onnx = makeOnnx(name, entryFor(name, weights), weights);
      const { cases } = JSON.parse(readFileSync(join(golden, 'irv1.json'), 'utf8')) as {
        cases: { embedding: number[] }[];
      };
      const length = 3 * 160 * 160;
      const crop = readFileSync(join(golden, 'aaron_peirsol_crop_chw_f32.bin'));
      const inputs = [
        Float32Array.from({ length }, (_, i) => Math.sin(0.01 * i)),
        Float32Array.from({ length }, (_, i) => crop.readFloatLE(4 * i)),
      ];
      expect(cases).toHaveLength(inputs.length);
      for (const [i, { embedding }] of cases.entries()) {
        const answer = await runOnnx(onnx, { shape: [1, 3, 160, 160], data: inputs[i]! });
        const vector = answer['embedding']!.data;
        const norm = Math.hypot(...vector);
        const unit = vector.map((value) => value / norm);
        expect(distance(unit, Float32Array.from(embedding))).toBeLessThan(1e-4);
        expect(embedding.reduce((sum, value, k) => sum + value * unit[k]!, 0)).toBeGreaterThan(0.99999);
      }
    },
  );

  it.each([
    ['minifasnet-v2', '2.7_80x80_MiniFASNetV2.pth', 'MiniFASNetV2'],
    ['minifasnet-v1se', '4_0_0_80x80_MiniFASNetV1SE.pth', 'MiniFASNetV1SE'],
  ] as const)(
    '%s has the hash of the manifest and answers as in pad.json, to 1e-3',
    async (name, file, net) => {
      const weights = weightsFile(file);
      const onnx = makeOnnx(name, manifest.models[name]!, weights);
      expect(sha256Of(onnx)).toBe(manifest.models[name]!.sha256);
      const { cases } = JSON.parse(readFileSync(join(golden, 'pad.json'), 'utf8')) as {
        cases: ({ file: string } & Record<string, { softmax: number[] }>)[];
      };
      for (const one of cases) {
        const photo = one.file.replace(/^spoof\/|\.jpg$/g, '');
        const pixels = readFileSync(join(golden, `pad_${photo}_${net}_bgr80.bin`));
        const plane = 80 * 80;
        const data = Float32Array.from(
          { length: 3 * plane },
          (_, i) => pixels[(i % plane) * 3 + Math.floor(i / plane)]!,
        );
        const { prob } = await runOnnx(onnx, { shape: [1, 3, 80, 80], data });
        expect(distance(prob!.data, Float32Array.from(one[net]!.softmax))).toBeLessThan(1e-3);
      }
    },
  );
});
