import { comparePairs, evaluate, photosOf, type Evaluation } from '../evaluate/evaluate.ts';
import { photoEmbedder } from '../evaluate/embed-photo.ts';
import type { FaceChoice } from '../evaluate/face.ts';
import type { Pair } from '../evaluate/pairs.ts';
import { isWithin, lossOf } from '../evaluate/within-bound.ts';
import { MusterError } from '../lib/errors.ts';
import { readOnnx } from '../models/convert/read-onnx.ts';
import { loadPack } from '../models/load.ts';
import { quantise } from '../models/quantise/quantise.ts';
import { keepVariant, variantName } from '../models/variants.ts';
import { createPipeline, type PipelineOptions } from './pipeline.ts';
import { createRuntime } from './runtime.ts';
import { modelFrom, race, rangesOver, watched, withModel } from './variant.ts';

export interface VariantOptions {
  /** How photos are looked at; its pack is what is made a variant of. */
  readonly pipeline: PipelineOptions;
  readonly pairs: readonly Pair[];
  readonly root: string;
  readonly face: FaceChoice;
  /** Most that accuracy and FNMR at an FMR of 0.1 % may lose, 0..1. */
  readonly bound: number;
  /** Also where it is not faster. */
  readonly anyway: boolean;
  /** Weights have codes up to ± this: 63 where sums of two products might not fit the processor's 16 bits, else 127. */
  readonly mostWeight: number;
  /** Values are codes from 0 to 255, as x64 wants them, in place of −128 to 127. */
  readonly unsigned: boolean;
  /** How the speed of nets is compared; what is left out is `race`. */
  readonly compareSpeed?: typeof race;
  readonly signal: AbortSignal;
  /** Told of each step, in a few words. */
  readonly report: (step: string) => void;
}

interface Measured {
  /** The variant's pack. */
  readonly name: string;
  /** Of one face. */
  readonly ms: { readonly exact: number; readonly variant: number };
}

/** `kept`: the variant is a pack now. Otherwise nothing was written: it is `slower`, its accuracy `worse` than the bound allows or, with so few pairs, `unknown`. */
export type VariantResult =
  | (Measured & { readonly state: 'slower' })
  | (Measured & {
      readonly state: 'kept' | 'worse' | 'unknown';
      readonly exact: Evaluation;
      readonly variant: Evaluation;
    });

/** So many photos of the list, spread over it, tell the ranges of the net's values. */
const calibrationPhotos = 100;

/**
 * Makes an int8 variant of a pack's embedder, measures its speed and then its accuracy, and keeps it as a pack only if both are in order.
 *
 * Throws the MusterErrors of `loadPack`, `readOnnx` and `writeModelFile`, `calibration_empty` where no photo has a face;
 * the signal's reason when it aborts.
 */
export async function makeVariant(options: VariantOptions): Promise<VariantResult> {
  const { pipeline, pairs, report, compareSpeed = race } = options;
  const { embedder } = await loadPack(pipeline.modelsDir, pipeline.pack);
  const graph = readOnnx(await embedder.read(), embedder.name);

  report('looking at faces');
  const { inputs, dims } = await facesOf(options, embedder.name);
  report('measuring the net on them');
  const ranges = await rangesOver(graph, inputs, dims, pipeline.threads);
  const model = modelFrom(embedder.name, quantise(graph, ranges, options));

  report('comparing the speed');
  const [exactMs = 0, variantMs = 0] = await compareSpeed(
    [embedder, model],
    inputs[0]!,
    dims,
    pipeline.threads,
  );
  const measured = { name: variantName(pipeline.pack), ms: { exact: exactMs, variant: variantMs } };
  if (variantMs >= exactMs && !options.anyway) return { ...measured, state: 'slower' };

  report('comparing the pairs in float32');
  const exact = await figures(pairs, options, createRuntime);
  report('comparing the pairs in int8');
  const variant = await figures(pairs, options, withModel(model));
  const loss = lossOf(exact, variant);
  if (loss === null) return { ...measured, state: 'unknown', exact, variant };
  if (!isWithin(loss, options.bound)) return { ...measured, state: 'worse', exact, variant };
  await keepVariant(pipeline.modelsDir, pipeline.pack, await model.read());
  return { ...measured, state: 'kept', exact, variant };
}

/** What goes into the embedder for faces of the list's photos, each `dims` = `[1, 3, side, side]`. */
async function facesOf(
  options: VariantOptions,
  embedder: string,
): Promise<{ readonly inputs: readonly Float32Array[]; readonly dims: readonly number[] }> {
  const files = photosOf(options.pairs);
  const step = Math.max(1, Math.floor(files.length / calibrationPhotos));
  const some = files.filter((_file, i) => i % step === 0).slice(0, calibrationPhotos);
  const inputs: Float32Array[] = [];
  let dims: readonly number[] = [];
  const see = (data: Float32Array, [count = 1, ...shape]: readonly number[]) => {
    dims = [1, ...shape];
    inputs.push(data.subarray(0, data.length / count));
  };
  const vision = await createPipeline(options.pipeline, watched(embedder, see));
  try {
    const embed = embedderOf(vision, options);
    for (const file of some) await embed(file);
  } finally {
    await vision.close();
  }
  if (inputs.length > 0) return { inputs, dims };
  throw new MusterError('calibration_empty', 'No face was found in the photos of the list.', {
    remedy:
      'Check --root, and --min-face; `muster evaluate` with the same list names what is wrong with each photo.',
  });
}

async function figures(
  pairs: readonly Pair[],
  options: VariantOptions,
  open: Parameters<typeof createPipeline>[1],
): Promise<Evaluation> {
  const vision = await createPipeline(options.pipeline, open);
  try {
    return evaluate(await comparePairs(pairs, embedderOf(vision, options)));
  } finally {
    await vision.close();
  }
}

function embedderOf(vision: Awaited<ReturnType<typeof createPipeline>>, options: VariantOptions) {
  return photoEmbedder(
    { analyse: ({ photo, ...look }) => vision.analyse(photo, look) },
    { ...options, advance: () => undefined },
  );
}
