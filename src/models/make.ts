import { MusterError } from '../lib/errors.ts';
import { convertToOnnx } from './convert/convert.ts';
import { fetchFiles, type FetchOptions } from './fetch.ts';
import { sha256Of } from './inspect.ts';
import type { Manifest, ModelEntry } from './manifest.ts';
import { writeOnnx, type OnnxGraph } from './convert/onnx.ts';
import { optimise } from './convert/optimise.ts';
import { readTflite } from './convert/tflite.ts';
import { architectures } from './nets/architectures.ts';
import { readTensors } from './torch/read.ts';

export interface MadeModel {
  readonly name: string;
  readonly entry: ModelEntry;
  /** The ONNX file's bytes: always the same for the same weights. */
  readonly onnx: Uint8Array;
}

export interface MakeOptions extends FetchOptions {
  /** Told of each step, in a few words. */
  readonly report?: (step: string) => void;
}

/**
 * Fetches the weights of the named models, each source once, and makes their ONNX files one after the other.
 *
 * Throws the MusterErrors of `fetchFiles`, `readTflite` and `convertToOnnx`.
 */
export async function* makeModels(
  manifest: Manifest,
  names: readonly string[],
  options: MakeOptions = {},
): AsyncGenerator<MadeModel, void, undefined> {
  const entries = names.flatMap((name) => {
    const entry = manifest.models[name];
    return entry ? [{ name, entry }] : [];
  });
  for (const [sourceName, source] of Object.entries(manifest.sources)) {
    const ofSource = entries.filter(({ entry }) => entry.weights.source === sourceName);
    if (ofSource.length === 0) continue;
    if (source.kind !== 'npm') throw new RangeError(`${sourceName} is no package`);
    const paths = ofSource.map(({ entry }) => entry.weights.path);
    options.report?.(
      options.from === undefined ? `fetching ${source.package}@${source.version}` : `reading ${options.from}`,
    );
    const files = await fetchFiles(source, paths, options);
    for (const { name, entry } of ofSource) {
      options.signal?.throwIfAborted();
      options.report?.(`making ${entry.file}`);
      yield { name, entry, onnx: makeOnnx(name, entry, files.get(entry.weights.path) ?? new Uint8Array(0)) };
    }
  }
}

/** The ONNX file of a model, made of its weights file. Throws MusterError `source_damaged` for other weights. */
export function makeOnnx(name: string, entry: ModelEntry, weights: Uint8Array): Uint8Array {
  if (sha256Of(weights) !== entry.weights.sha256) {
    throw new MusterError(
      'source_damaged',
      `The weights of ${name}, ${entry.weights.path}, are not those of the manifest.`,
      {
        remedy:
          'The manifest and the package do not belong together: restore models/manifest.json from the release.',
      },
    );
  }
  return writeOnnx(optimise(graphOf(name, entry, weights)));
}

function graphOf(
  name: string,
  { input, outputs, weights: from }: ModelEntry,
  weights: Uint8Array,
): OnnxGraph {
  const plan = { name, inputs: [input] as const, outputs };
  if (from.format === 'torch') return architectures[from.architecture](plan, readTensors(weights, from.path));
  return convertToOnnx(readTflite(weights, from.path), { ...plan, transposed: from.transposed });
}
