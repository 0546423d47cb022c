import { mkdir } from 'node:fs/promises';
import { sha256Of } from '../../../src/models/inspect.ts';
import { makeOnnx } from '../../../src/models/make.ts';
import type { Manifest, ModelEntry } from '../../../src/models/manifest.ts';
import { noise } from './nets.ts';
import { packPackage } from './registry.ts';
import { tfliteFile } from './tflite-file.ts';
import { net } from './convert.ts';

/** A package with the weights of four nets of one layer each, and the manifest that names them: a pack in small. */
export async function tinyPack(folder: string): Promise<{ manifest: Manifest; file: string }> {
  const names = ['p', 'r', 'o', 'e'];
  const weights = Object.fromEntries(names.map((name, i) => [name, tinyWeights(i + 1)]));
  await mkdir(folder, { recursive: true });
  const { source, file } = await packPackage(
    folder,
    Object.fromEntries(names.map((name) => [`weights/${name}.tflite`, weights[name] ?? ''])),
  );
  const models = names.map((name) => {
    const bytes = weights[name] ?? new Uint8Array(0);
    const entry: ModelEntry = {
      pack: 'tiny',
      file: `${name}.onnx`,
      task: 'nothing of use',
      input: {
        name: 'input',
        dims: ['n', 3, 2, 2],
        layout: 'NCHW',
        colour: 'RGB',
        mean: 127.5,
        scale: 0.0078125,
      },
      outputs: [{ name: 'output', dims: ['n', 4] }],
      licence: 'MIT',
      weights: {
        source: 'tiny',
        path: `weights/${name}.tflite`,
        format: 'tflite',
        transposed: false,
        sha256: sha256Of(bytes),
      },
      sha256: '',
    };
    return [name, { ...entry, sha256: sha256Of(makeOnnx(name, entry, bytes)) }] as const;
  });
  const manifest: Manifest = {
    format: 'muster-models/1',
    sources: { tiny: source },
    packs: {
      tiny: {
        detector: ['p', 'r', 'o'],
        embedder: 'e',
        dimension: 4,
        threshold: 0.5,
        feature_length: null,
        preprocessing: 'none/1',
      },
    },
    models: Object.fromEntries(models),
  };
  return { manifest, file };
}

function tinyWeights(seed: number): Uint8Array {
  return tfliteFile(
    net(
      [1, 2, 2, 3],
      [1, 4],
      [noise([4, 12], seed), noise([4], seed + 10)],
      [{ code: 'FULLY_CONNECTED', inputs: [0, 1, 2], outputs: [3], options: {} }],
    ),
  );
}
