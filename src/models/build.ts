import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../lib/errors.ts';
import { inspectModel, sha256Of } from './inspect.ts';
import { makeModels, type MadeModel, type MakeOptions } from './make.ts';
import { manifestPath, readManifest, type Manifest } from './manifest.ts';
import { writeModelFile } from './model-file.ts';

export interface BuildOptions extends MakeOptions {
  readonly modelsDir: string;
  /** Also makes the files that are right already. */
  readonly force?: boolean;
}

export interface BuildResult {
  /** Names of the models that were made. */
  readonly built: readonly string[];
  /** Names of those that were right already. */
  readonly kept: readonly string[];
}

/**
 * Makes the ONNX file of every model that is missing or damaged, but for those of optional packs, from weights that it fetches. A file is put in place only
 * when it is whole and the one that the manifest names. When nothing is to be made, no network is needed.
 *
 * Throws the MusterErrors of `readManifest` and `makeModels`, `model_differs` when what was made is not what the manifest
 * names, and `models_unwritable`.
 */
export async function buildModels(options: BuildOptions): Promise<BuildResult> {
  const { modelsDir, force = false } = options;
  const manifest = await readManifest(modelsDir);
  const names = fixedModels(manifest);
  const found = await Promise.all(names.map((name) => inspectModel(modelsDir, manifest, name)));
  const built = names.filter((_, i) => force || found[i]?.state !== 'ready');
  for await (const made of makeModels(manifest, built, options)) {
    if (sha256Of(made.onnx) !== made.entry.sha256) throw differs(made);
    await writeModelFile(join(modelsDir, made.entry.file), made.onnx);
  }
  return { built, kept: names.filter((name) => !built.includes(name)) };
}

/**
 * For maintainers who have changed the converter: makes every model and writes the new hashes into the manifest of the
 * folder. Gives the names whose hash has changed. A changed hash is a new fingerprint, so that galleries have to
 * be enrolled anew.
 */
export async function pinModels(options: BuildOptions): Promise<readonly string[]> {
  const manifest = await readManifest(options.modelsDir);
  const path = manifestPath(options.modelsDir);
  let text = await readFile(path, 'utf8');
  const changed: string[] = [];
  for await (const { name, entry, onnx } of makeModels(manifest, fixedModels(manifest), options)) {
    const sha256 = sha256Of(onnx);
    await writeModelFile(join(options.modelsDir, entry.file), onnx);
    if (sha256 === entry.sha256 || entry.sha256 === null) continue;
    // In the text, so that the rest of the file stays as it was written.
    text = text.replace(entry.sha256, sha256);
    changed.push(name);
  }
  await writeFile(path, text);
  return changed;
}

/** Those of the packs that are there without being added. */
function fixedModels({ models, optional = [] }: Manifest): readonly string[] {
  return Object.entries(models)
    .filter(([, { pack, variant_of }]) => variant_of === undefined && !optional.includes(pack))
    .map(([name]) => name);
}

function differs({ name, onnx, entry }: MadeModel): MusterError {
  const hashes = `SHA-256 ${sha256Of(onnx).slice(0, 12)}… and not ${entry.sha256?.slice(0, 12)}…`;
  return new MusterError(
    'model_differs',
    `The model ${name} that was made is not the one of the manifest (${hashes}).`,
    {
      remedy:
        'The manifest belongs to another version of Muster: restore models/manifest.json. ' +
        'If you have changed the converter on purpose, pin its new results with `muster models build --pin`.',
    },
  );
}
