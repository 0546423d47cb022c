import { randomUUID } from 'node:crypto';
import { loadPack } from '../../models/load.ts';
import type { Store } from '../../store/contract.ts';
import type { Vision, VisionInfo } from '../../vision/contract.ts';
import type { VisionOptions } from '../../vision/vision.ts';
import type { SelfCheck } from './contract.ts';
import { testFace } from './test-face.ts';

export interface ChecksOptions {
  readonly vision: Vision;
  readonly model: VisionInfo;
  readonly visionOptions: Pick<VisionOptions, 'modelsDir' | 'pack' | 'minFacePx'>;
  readonly store: Store;
}

const checkKey = 'meta/self-test';
/** Two runs of one net on one input may differ in the last digits only. */
const sameSimilarity = 0.9999;

/** What the self-test looks at, before the broker: the model files, the whole of vision, the disk. */
export function selfChecks({ vision, model, visionOptions, store }: ChecksOptions): readonly SelfCheck[] {
  return [
    { name: 'models', run: models },
    { name: 'vision', run: seeing },
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
    if (photo === null) {
      return `not tried: with vision.min_face_px at ${visionOptions.minFacePx} the photo would have to be too large`;
    }
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

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0);
}
