import { join } from 'node:path';
import { z } from 'zod';
import { sha256Of } from './inspect.ts';
import type { Manifest } from './manifest.ts';
import { writeModelFile } from './model-file.ts';
import { readRecord } from './record.ts';

const id = z.string().regex(/^[a-z0-9-]{1,32}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const variantsSchema = z.strictObject({
  format: z.literal('muster-variants/1'),
  /** By the pack's name. */
  packs: z.record(
    id,
    z.strictObject({
      /** The pack that it is a variant of. */
      of: id,
      /** SHA-256 of its embedder's ONNX file. */
      sha256,
    }),
  ),
});

/** Packs that were made on this machine of another one, with an embedder of their own. */
export type Variants = z.output<typeof variantsSchema>['packs'];

const fileName = 'variants.json';

/** The name of a pack's int8 variant, and of its embedder with `.onnx`. */
export function variantName(pack: string): string {
  return `${pack}-int8`;
}

/** Reads the record of the variants in a folder of models; an empty one where there is none. Throws MusterError `variants_invalid`. */
export async function readVariants(modelsDir: string): Promise<Variants> {
  const record = await readRecord(join(modelsDir, fileName), variantsSchema, {
    code: 'variants_invalid',
    what: 'variants',
    remedy: 'Delete it, and make the variants again with `muster models quantize`.',
  });
  return record?.packs ?? {};
}

/** Writes a variant's embedder and puts the pack on record. Throws the MusterErrors of `writeModelFile`. */
export async function keepVariant(modelsDir: string, of: string, onnx: Uint8Array): Promise<void> {
  const name = variantName(of);
  const packs = { ...(await readVariants(modelsDir)), [name]: { of, sha256: sha256Of(onnx) } };
  await writeModelFile(join(modelsDir, `${name}.onnx`), onnx);
  const text = `${JSON.stringify({ format: 'muster-variants/1', packs }, null, 2)}\n`;
  await writeModelFile(join(modelsDir, fileName), Buffer.from(text));
}

/** The manifest with the variants as packs. One of a pack that is no longer there is left out. */
export function withVariants(manifest: Manifest, variants: Variants): Manifest {
  const packs = { ...manifest.packs };
  const models = { ...manifest.models };
  for (const [name, { of, sha256: hash }] of Object.entries(variants)) {
    const pack = Object.hasOwn(manifest.packs, of) ? manifest.packs[of] : undefined;
    const embedder = pack && manifest.models[pack.embedder];
    if (!pack || !embedder) continue;
    packs[name] = { ...pack, embedder: name };
    models[name] = {
      ...embedder,
      pack: name,
      file: `${name}.onnx`,
      task: `${embedder.task}, int8`,
      sha256: hash,
      variant_of: of,
    };
  }
  return { ...manifest, packs, models };
}
