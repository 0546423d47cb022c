import { join } from 'node:path';
import { z } from 'zod';
import type { Manifest } from './manifest.ts';
import { writeModelFile } from './model-file.ts';
import { readRecord } from './record.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const addedSchema = z.strictObject({
  format: z.literal('muster-added/1'),
  models: z.record(
    z.string(),
    z.strictObject({
      /** Of the weights that it was made of. */
      weights_sha256: sha256,
      /** Of the ONNX file. */
      sha256,
    }),
  ),
});

/** Which models of optional packs this machine has, by name. */
export type Added = z.output<typeof addedSchema>['models'];

const fileName = 'added.json';

/**
 * Reads the record of what `muster models add` has made in a folder of models; an empty one where there is none. It holds what the
 * manifest can't: the hash of an ONNX file that was made of a user's own weights. Throws MusterError `added_invalid`.
 */
export async function readAdded(modelsDir: string): Promise<Added> {
  const record = await readRecord(join(modelsDir, fileName), addedSchema, {
    code: 'added_invalid',
    what: 'added models',
    remedy: 'Delete it, and add the packs again with `muster models add`.',
  });
  return record?.models ?? {};
}

/** Puts models on record, in order of their names: the same models always give the same bytes. */
export async function writeAdded(modelsDir: string, more: Added): Promise<void> {
  const models = { ...(await readAdded(modelsDir)), ...more };
  const sorted = Object.fromEntries(Object.entries(models).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const text = `${JSON.stringify({ format: 'muster-added/1', models: sorted }, null, 2)}\n`;
  await writeModelFile(join(modelsDir, fileName), Buffer.from(text));
}

/** The manifest with the hashes that are on record where it leaves them open. */
export function withAdded(manifest: Manifest, added: Added): Manifest {
  const entries = Object.entries(manifest.models).map(([name, entry]) => {
    const found = Object.hasOwn(added, name) ? added[name] : undefined;
    if (!found || entry.sha256 !== null) return [name, entry] as const;
    const weights = { ...entry.weights, sha256: found.weights_sha256 };
    return [name, { ...entry, weights, sha256: found.sha256 }] as const;
  });
  return { ...manifest, models: Object.fromEntries(entries) };
}
