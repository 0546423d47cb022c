import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { hashFile } from '../lib/file-pieces.ts';
import type { VerifiedModel } from './contract.ts';
import type { Manifest, ModelEntry } from './manifest.ts';

/** What became of looking at one model's file. */
export type Inspection =
  | { readonly state: 'ready'; readonly path: string; readonly model: VerifiedModel }
  | {
      readonly state: 'missing' | 'damaged' | 'not added';
      readonly path: string;
      readonly reason: string;
      /** What makes it right. */
      readonly command: string;
    };

/** Reads through a model's ONNX file and compares its SHA-256 with the manifest's. `name` must be in the manifest. */
export async function inspectModel(modelsDir: string, manifest: Manifest, name: string): Promise<Inspection> {
  const entry = manifest.models[name];
  if (!entry) throw new RangeError(`the manifest has no model ${name}`);
  const path = join(modelsDir, entry.file);
  const optional = manifest.optional?.includes(entry.pack) === true;
  const command = commandFor(entry, optional);
  if (entry.sha256 === null)
    return { state: 'not added', path, reason: `the pack ${entry.pack} has not been added`, command };
  let found: Awaited<ReturnType<typeof hashFile>>;
  try {
    found = await hashFile(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      return { state: 'damaged', path, reason: `it cannot be read (${messageOf(error)})`, command };
    return optional
      ? { state: 'not added', path, reason: `the pack ${entry.pack} has not been added`, command }
      : { state: 'missing', path, reason: 'there is no such file', command };
  }
  const damaged = (sha256: string) => {
    const reason = `its SHA-256 is ${sha256.slice(0, 12)}… and not ${entry.sha256!.slice(0, 12)}…, so it is damaged or another file`;
    return { state: 'damaged', path, reason, command } as const;
  };
  if (found.sha256 !== entry.sha256) return damaged(found.sha256);
  const read = async () => {
    const onnx = await readFile(path);
    const sha256 = sha256Of(onnx);
    if (sha256 !== found.sha256) throw refusal(damaged(sha256));
    return onnx;
  };
  return { state: 'ready', path, model: { name, ...found, read } };
}

/** What makes a model. */
function commandFor({ pack, variant_of }: ModelEntry, optional: boolean): string {
  if (variant_of !== undefined) return `muster models quantize ${variant_of} --pairs <csv> --root <folder>`;
  return optional ? `muster models add ${pack}` : 'muster models build';
}

/** The model of an inspection that went well; otherwise throws MusterError `model_missing`, `model_damaged` or `model_not_added`. */
export function modelOf(inspection: Inspection): VerifiedModel {
  if (inspection.state === 'ready') return inspection.model;
  throw refusal(inspection);
}

function refusal({ state, path, reason, command }: Exclude<Inspection, { state: 'ready' }>): MusterError {
  const [code, remedy] =
    state === 'not added'
      ? ['model_not_added', `Add it with \`${command}\`.`]
      : [`model_${state}`, `Make it with \`${command}\`.`];
  return new MusterError(code, `The model file ${path} is refused: ${reason}.`, { remedy });
}

/** Lower-case hex. */
export function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
