import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, MusterError } from '../lib/errors.ts';
import { defaultModelsDir } from '../lib/package.ts';
import { readAdded, withAdded } from './added.ts';
import { architectureNames } from './nets/architectures.ts';
import { readVariants, withVariants } from './variants.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');
const id = z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -');

/** A tensor that goes in or comes out. Dimensions with a name are free. */
const tensor = z.strictObject({
  name: z.string().min(1),
  dims: z.array(z.union([z.int().positive(), z.string().min(1)])).min(1),
});

const npmSource = z.strictObject({
  kind: z.literal('npm'),
  package: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be an exact version'),
  /** Of the tarball, as npm writes it. */
  integrity: z.string().startsWith('sha512-'),
});
const urlSource = z.strictObject({
  kind: z.literal('url'),
  /** Of the folder that holds the files; ends with a slash. */
  base: z.url({ protocol: /^https?$/ }).endsWith('/'),
});

/** Where weights are published. */
const source = z.discriminatedUnion('kind', [npmSource, urlSource]);

const weightsFile = z.strictObject({
  source: z.string(),
  /** Inside the source. */
  path: z.string().regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/, 'must be a path inside of the source'),
  sha256,
});
const weights = z.discriminatedUnion('format', [
  weightsFile.extend({
    format: z.literal('tflite'),
    /** The net was trained on transposed images. */
    transposed: z.boolean(),
  }),
  weightsFile.extend({
    /** A state dict, which holds no graph. */
    format: z.literal('torch'),
    architecture: z.enum(architectureNames),
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
  weights,
  /** Of the ONNX file that is made of the weights; null: it is put on record when the pack is added (`added.ts`). */
  sha256: sha256.nullable(),
  /** Of a model that was made on this machine (`variants.ts`): the pack whose embedder it is made of. */
  variant_of: id.optional(),
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

/** The nets that tell a live face from a picture of one. Their answers are averaged. */
const attackDetection = z.strictObject({
  nets: z.array(z.strictObject({ model: z.string(), scale: z.number().positive() })).min(1),
  /** Which of a net's classes is a live face. */
  bona_fide: z.int().min(0),
  /** Name and version of how the faces are cut out. */
  preprocessing: z.string().min(1),
});

const manifestSchema = z
  .strictObject({
    format: z.literal('muster-models/1'),
    sources: z.record(z.string(), source),
    packs: z.record(id, pack),
    pad: attackDetection.optional(),
    /** Packs of models that are not made by `models build` but by `models add`. */
    optional: z.array(id).optional(),
    models: z.record(id, model),
  })
  .superRefine(({ sources, packs, pad, optional = [], models }, context) => {
    const missing = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, { pack: ofPack, weights: from }] of Object.entries(models)) {
      const kind = Object.hasOwn(sources, from.source) ? sources[from.source]?.kind : undefined;
      if (kind === undefined) missing(['models', name, 'weights', 'source'], 'is not in sources');
      if ((kind === 'url') !== optional.includes(ofPack))
        missing(
          ['models', name, 'weights', 'source'],
          'must be a URL where the pack is optional, else a package',
        );
    }
    const uses = Object.entries(packs).map(([name, { detector, embedder }]) => ({
      path: ['packs', name],
      used: [...detector, embedder],
    }));
    if (pad) uses.push({ path: ['pad'], used: pad.nets.map((net) => net.model) });
    for (const { path, used } of uses) {
      for (const name of used)
        if (!Object.hasOwn(models, name)) missing(path, `uses ${name}, which is not in models`);
    }
  });

export type Manifest = z.output<typeof manifestSchema>;
export type ModelEntry = Manifest['models'][string];
export type ModelSource = Manifest['sources'][string];
export type NpmSource = Extract<ModelSource, { kind: 'npm' }>;
export type UrlSource = Extract<ModelSource, { kind: 'url' }>;
export type PackEntry = Manifest['packs'][string];

/** Where the manifest of a folder of models is: in it, else with the program, so that the files may lie anywhere. */
export function manifestPath(modelsDir: string): string {
  const own = join(modelsDir, 'manifest.json');
  return existsSync(own) ? own : join(defaultModelsDir, 'manifest.json');
}

/**
 * Reads the manifest of a folder of models. Where it leaves a hash open, it has the one that was put on record when the pack was added,
 * and it has the variants that were made here, unless `recorded` is false. Throws MusterError `manifest_invalid`, `added_invalid` or
 * `variants_invalid`.
 */
export async function readManifest(
  modelsDir: string,
  { recorded = true }: { readonly recorded?: boolean } = {},
): Promise<Manifest> {
  const manifest = await readPublished(modelsDir);
  if (!recorded) return manifest;
  return withVariants(withAdded(manifest, await readAdded(modelsDir)), await readVariants(modelsDir));
}

async function readPublished(modelsDir: string): Promise<Manifest> {
  const path = manifestPath(modelsDir);
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')), { jitless: true });
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
