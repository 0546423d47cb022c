import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { readAdded, writeAdded } from './added.ts';
import { download, type DownloadOptions } from './download.ts';
import { inspectModel, sha256Of } from './inspect.ts';
import { makeOnnx } from './make.ts';
import { readManifest, type Manifest, type ModelEntry } from './manifest.ts';
import { writeModelFile } from './model-file.ts';

export interface AddOptions extends DownloadOptions {
  readonly modelsDir: string;
  readonly pack: string;
  /** A file or a URL with the weights; a folder, or a URL that ends with a slash, where the pack has several. Default: where they are published. */
  readonly from?: string | undefined;
  /** Takes weights of this hash instead of the published ones. */
  readonly sha256?: string | undefined;
  /** Told of each step, in a few words. */
  readonly report?: (step: string) => void;
}

export interface AddResult {
  /** Names of the models that were made. */
  readonly made: readonly string[];
  /** Names of those that were there already. */
  readonly kept: readonly string[];
}

/**
 * Adds an optional pack: fetches its weights, checks their hash before anything of them is read, makes the ONNX files, and puts them on
 * record. Models that are there of the same weights are kept.
 *
 * Throws the MusterErrors of `readManifest`, `download` and `makeOnnx`, and `pack_unknown`, `pack_fixed`, `source_unreadable`,
 * `source_damaged` or `model_differs`.
 */
export async function addPack(options: AddOptions): Promise<AddResult> {
  const { modelsDir, pack, report } = options;
  const manifest = await readManifest(modelsDir, { recorded: false });
  const models = modelsOf(manifest, pack);
  if (options.sha256 !== undefined) checkOwn(pack, models);
  const added = await readAdded(modelsDir);
  const present = await readManifest(modelsDir);
  const made: string[] = [];
  for (const [name, entry] of models) {
    options.signal?.throwIfAborted();
    const wanted = options.sha256 ?? entry.weights.sha256;
    const ready = (await inspectModel(modelsDir, present, name)).state === 'ready';
    // What a person hands over is looked at in any case.
    if (ready && options.from === undefined && added[name]?.weights_sha256 === wanted) continue;
    const weights = await readWeights(manifest, entry, wanted, models.length, options);
    report?.(`making ${entry.file}`);
    const onnx = makeOnnx(name, { ...entry, weights: { ...entry.weights, sha256: wanted } }, weights);
    const sha256 = sha256Of(onnx);
    if (entry.sha256 !== null && sha256 !== entry.sha256) throw differs(name, sha256, entry.sha256);
    await writeModelFile(join(modelsDir, entry.file), onnx);
    await writeAdded(modelsDir, { [name]: { weights_sha256: wanted, sha256 } });
    made.push(name);
  }
  return { made, kept: models.map(([name]) => name).filter((name) => !made.includes(name)) };
}

function modelsOf(manifest: Manifest, pack: string): readonly (readonly [string, ModelEntry])[] {
  const { optional = [] } = manifest;
  if (optional.includes(pack))
    return Object.entries(manifest.models).filter(([, entry]) => entry.pack === pack);
  const known = `The packs that can be added: ${optional.join(', ')}.`;
  if (Object.hasOwn(manifest.packs, pack))
    throw new MusterError('pack_fixed', `The pack ${pack} is not added: \`muster models build\` makes it.`, {
      remedy: known,
    });
  throw new MusterError('pack_unknown', `There is no model pack '${pack}'.`, { remedy: known });
}

/** Weights of one's own: one file, of a net whose hash the manifest leaves open. */
function checkOwn(pack: string, models: readonly (readonly [string, ModelEntry])[]): void {
  if (models.every(([, { sha256 }]) => takesOwn(sha256, models.length))) return;
  throw new MusterError('pack_fixed', `The pack ${pack} takes its published weights only.`, {
    remedy: 'Leave --sha256 out.',
  });
}

function takesOwn(onnx: string | null, files: number): boolean {
  return files === 1 && onnx === null;
}

/** The bytes of a weights file, once its hash is right. */
async function readWeights(
  manifest: Manifest,
  { weights, sha256: onnx }: ModelEntry,
  sha256: string,
  files: number,
  options: AddOptions,
): Promise<Uint8Array> {
  const { from, modelsDir, report } = options;
  const protocol = /^([a-z][a-z0-9+.-]*):\/\//i.exec(from ?? '')?.[1]?.toLowerCase();
  const isUrl = protocol === 'http' || protocol === 'https';
  const name = basename(weights.path);
  /** What helps against a file of another hash: who has named one may have it wrong, and only some packs take others. */
  const whenOther = (found: string, otherwise: string) => {
    if (options.sha256 !== undefined)
      return 'Nothing of it was read. It is not the file whose hash was given with --sha256: check both.';
    if (takesOwn(onnx, files))
      return `Nothing of it was read. ${otherwise}, or, if it is a file of your own that you trust, add --sha256 ${found}.`;
    return `Nothing of it was read. ${otherwise}: no other one is taken.`;
  };
  const source = manifest.sources[weights.source];
  if (from !== undefined && !isUrl) {
    if (protocol !== undefined) throw unusable(from, 'only http and https are fetched');
    const path = await pathIn(resolve(from), name, files);
    report?.(`reading ${path}`);
    return readChecked(path, sha256, (found) => whenOther(found, 'Fetch the published file anew'));
  }
  const url =
    from === undefined && source?.kind === 'url'
      ? new URL(weights.path, source.base)
      : urlIn(from ?? '', name, files);
  const path = join(modelsDir, name);
  report?.(`fetching ${url.href}`);
  const changed = 'It was changed on its way or by its publisher: take it from elsewhere with --from';
  await download(url.href, path, sha256, {
    ...options,
    whenOther: (found) => whenOther(found, changed),
  });
  try {
    return await readFile(path);
  } finally {
    await rm(path, { force: true });
  }
}

function urlIn(from: string, name: string, files: number): URL {
  if (!URL.canParse(from)) throw unusable(from, 'it is no URL');
  const url = new URL(from);
  if (url.pathname.endsWith('/')) return new URL(name, url);
  if (files > 1) throw unusable(from, `the pack has ${files} files, so it must end with a slash`);
  return url;
}

async function pathIn(from: string, name: string, files: number): Promise<string> {
  const found = await stat(from).catch((error: unknown) => {
    throw unusable(from, codeOf(error) === 'ENOENT' ? 'it is not there' : messageOf(error));
  });
  if (found.isDirectory()) return join(from, name);
  if (files > 1)
    throw unusable(from, `the pack has ${files} files, so it must be the folder that holds them`);
  return from;
}

async function readChecked(
  path: string,
  sha256: string,
  remedy: (found: string) => string,
): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unusable(path, codeOf(error) === 'ENOENT' ? 'it is not there' : messageOf(error));
  });
  const found = sha256Of(bytes);
  if (found === sha256) return bytes;
  throw new MusterError(
    'source_damaged',
    `${path} is not the file that was wanted: its SHA-256 is ${found} and not ${sha256}.`,
    { remedy: remedy(found) },
  );
}

function unusable(from: string, reason: string): MusterError {
  return new MusterError('source_unreadable', `${from} cannot be used: ${reason}.`, {
    remedy: 'Give --from a file, a folder or a URL with the published weights.',
  });
}

function differs(name: string, found: string, wanted: string): MusterError {
  return new MusterError(
    'model_differs',
    `The model ${name} that was made is not the one of the manifest (SHA-256 ${found} and not ${wanted}).`,
    { remedy: 'The manifest belongs to another version of Muster: restore models/manifest.json.' },
  );
}
