import { sha256Of } from '../../../src/models/inspect.ts';
import type { Manifest } from '../../../src/models/manifest.ts';
import { noise } from './nets.ts';
import { plain, stateDictFiles } from './torch-file.ts';

/**
 * A file of torch.save with a state dict of P-Net, the smallest of the nets.
 *
 * @param shapes other shapes for some tensors
 * @param more so many values besides, so that the file is as large as wanted
 */
export function optionalNet(
  seed: number,
  shapes: Readonly<Record<string, readonly number[]>> = {},
  more = 0,
): Uint8Array {
  const all: Record<string, readonly number[]> = {
    'conv1.weight': [10, 3, 3, 3],
    'conv1.bias': [10],
    'prelu1.weight': [10],
    'conv2.weight': [16, 10, 3, 3],
    'conv2.bias': [16],
    'prelu2.weight': [16],
    'conv3.weight': [32, 16, 3, 3],
    'conv3.bias': [32],
    'prelu3.weight': [32],
    'conv4_1.weight': [2, 32, 1, 1],
    'conv4_1.bias': [2],
    'conv4_2.weight': [4, 32, 1, 1],
    'conv4_2.bias': [4],
    ...shapes,
  };
  const tensors = Object.entries(all).map(
    ([name, shape], i) => [name, plain(String(i), shape, noise(shape, seed + i).data)] as const,
  );
  const rest = more === 0 ? {} : { rest: plain('99', [more], new Float32Array(more)) };
  return stateDictFiles({ ...Object.fromEntries(tensors), ...rest }).archive;
}

/** The manifest with an optional pack `more` of one net, `x`, whose weights are at `base`. */
export function withOptional(manifest: Manifest, base: string, weights: Uint8Array): Manifest {
  const { p } = manifest.models;
  return {
    ...manifest,
    sources: { ...manifest.sources, elsewhere: { kind: 'url', base } },
    packs: { ...manifest.packs, more: { ...manifest.packs['tiny']!, embedder: 'x' } },
    optional: ['more'],
    models: {
      ...manifest.models,
      x: {
        ...p!,
        pack: 'more',
        file: 'x.onnx',
        input: { ...p!.input, dims: ['n', 3, 'h', 'w'] },
        outputs: [
          { name: 'prob', dims: ['n', 2, 'rows', 'columns'] },
          { name: 'reg', dims: ['n', 4, 'rows', 'columns'] },
        ],
        weights: {
          source: 'elsewhere',
          path: 'weights.pt',
          format: 'torch',
          architecture: 'pnet',
          sha256: sha256Of(weights),
        },
        sha256: null,
      },
    },
  };
}
