import { randomUUID } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { shippedGolden } from '../lib/package.ts';
import { loadPack } from '../models/load.ts';
import type { Store } from '../store/contract.ts';
import type { Vision, VisionInfo } from '../vision/contract.ts';
import { visionOptions as visionOptionsOf } from '../vision/options.ts';
import type { VisionOptions } from '../vision/vision.ts';
import type { SelfCheck } from './contract.ts';
import { compareWithGolden, dot, goldenFile, type GoldenOptions } from './golden.ts';
import { testFace } from './test-face.ts';

export interface ChecksOptions {
  readonly vision: Vision;
  readonly model: VisionInfo;
  readonly visionOptions: Pick<
    VisionOptions,
    'modelsDir' | 'pack' | 'minFacePx' | 'detectMode' | 'factor' | 'thresholds'
  >;
  readonly store: Store;
  readonly golden: GoldenOptions;
}

/** The checks of a station as its config says. */
export function stationChecks(
  config: Pick<Config, 'vision' | 'data_dir'>,
  { clock, ...parts }: Pick<ChecksOptions, 'vision' | 'model' | 'store'> & { readonly clock: Clock },
): readonly SelfCheck[] {
  return selfChecks({
    ...parts,
    visionOptions: visionOptionsOf(config),
    golden: { shipped: shippedGolden, recorded: goldenFile(config.data_dir), clock },
  });
}

const checkKey = 'meta/self-test';
/** Two runs of one net on one input may differ in the last digits only. */
const sameSimilarity = 0.9999;

/** What the self-test looks at, before the broker: the model files, the whole of vision, the disk. */
export function selfChecks({
  vision,
  model,
  visionOptions,
  store,
  golden,
}: ChecksOptions): readonly SelfCheck[] {
  const notTried = `not tried: with vision.min_face_px at ${visionOptions.minFacePx} the photo would have to be too large`;
  return [
    { name: 'models', run: models },
    { name: 'vision', run: seeing },
    { name: 'golden', run: remembering },
    { name: 'store', run: writing },
  ];

  /** The files may have been damaged or exchanged since they were loaded. */
  async function models(): Promise<string> {
    const { modelsDir, pack } = visionOptions;
    await loadPack(modelsDir, pack);
    return `the files of ${pack} have the hashes of the manifest; in use: ${model.fingerprint}`;
  }

  async function seeing(): Promise<string> {
    const photo = await testFace(visionOptions.minFacePx);
    if (photo === null) return notTried;
    // Each analysis takes its bytes over, so the first has a copy.
    const [once, again] = [await analyse(new Uint8Array(photo)), await analyse(photo)];
    if (once.length !== model.dimension)
      throw new Error(`an embedding has ${once.length} numbers, not ${model.dimension}`);
    const norm = Math.sqrt(dot(once, once));
    if (!(Math.abs(norm - 1) < 1e-3)) throw new Error(`an embedding has the length ${norm}, not 1`);
    const similarity = dot(once, again);
    if (!(similarity > sameSimilarity))
      throw new Error(`the same photo gives two embeddings (similarity ${similarity})`);
    return `a drawn face was found and embedded, twice the same, in ${once.length} numbers`;
  }

  /** An upgrade or a failing board may change what the models see without any error. */
  async function remembering(): Promise<string> {
    const photo = await testFace(visionOptions.minFacePx);
    if (photo === null) return notTried;
    // What else decides which pixels are embedded: other settings have other numbers.
    const { detectMode, minFacePx, factor, thresholds } = visionOptions;
    const how = [detectMode, `min${minFacePx}`, factor, thresholds.join('-')];
    const key = [model.fingerprint, ...how].join('/');
    return await compareWithGolden(key, await analyse(photo), golden);
  }

  /** The embedding of the drawn face. */
  async function analyse(photo: Uint8Array): Promise<Float32Array> {
    const result = await vision.analyse({ photo });
    if (!result.ok) throw new Error(`the drawn face could not be analysed: ${result.message}`);
    const [face] = result.faces;
    if (face === undefined) throw new Error('the drawn face was not found');
    return face.embedding;
  }

  async function writing(): Promise<string> {
    const value = randomUUID();
    await store.batch([{ key: checkKey, value }], { durable: true });
    if ((await store.get(checkKey)) !== value) throw new Error('what was written was not read back');
    await store.batch([{ key: checkKey, value: undefined }], { durable: false });
    return 'written to the disk and read back';
  }
}
