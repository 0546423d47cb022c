import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { seededRandom } from '../../src/lib/random.ts';
import type { Peer } from './contract.ts';

/** The part of the package that is used; its own types need the DOM's. */
interface FaceApi {
  readonly tf: {
    setBackend(name: string): Promise<boolean>;
    ready(): Promise<void>;
    tensor3d(data: Uint8Array, shape: readonly number[], type: 'int32'): { dispose(): void };
  };
  readonly nets: Readonly<
    Record<
      'ssdMobilenetv1' | 'faceLandmark68Net' | 'faceRecognitionNet',
      { loadFromDisk(dir: string): Promise<void> }
    >
  >;
  readonly SsdMobilenetv1Options: new (options: { minConfidence: number }) => unknown;
  detectAllFaces(
    image: unknown,
    options: unknown,
  ): {
    withFaceLandmarks(): { withFaceDescriptors(): Promise<readonly { readonly descriptor: Float32Array }[]> };
  };
}

const require = createRequire(import.meta.url);
const descriptorLength = 128;

/** @vladmandic/face-api on TensorFlow.js' WASM backend (SIMD, one thread: it has no others in Node). */
export async function createFaceApi({ templates }: { templates: number }): Promise<Peer> {
  const packageFile = '@vladmandic/face-api/package.json';
  const folder = dirname(require.resolve(packageFile));
  const wasm = require('@tensorflow/tfjs-backend-wasm') as {
    setWasmPaths(dir: string): void;
    version_wasm: string;
  };
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  const faceapi = require(join(folder, 'dist/face-api.node-wasm.js')) as FaceApi;
  await faceapi.tf.setBackend('wasm');
  await faceapi.tf.ready();
  const models = join(folder, 'model');
  for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet'] as const)
    await faceapi.nets[net].loadFromDisk(models);
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5 });
  const random = seededRandom(1);
  const gallery = Array.from({ length: templates }, () =>
    Float32Array.from({ length: descriptorLength }, random),
  );

  return {
    name: 'face-api, tfjs WASM',
    version: `${(require(packageFile) as { version: string }).version}, tfjs ${wasm.version_wasm}`,
    threads: 1,
    async identify(photo) {
      const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      const image = faceapi.tf.tensor3d(data, [info.height, info.width, 3], 'int32');
      const faces = await faceapi.detectAllFaces(image, options).withFaceLandmarks().withFaceDescriptors();
      image.dispose();
      for (const { descriptor } of faces) nearestOf(descriptor, gallery);
      return faces.length;
    },
    close: () => Promise.resolve(),
  };
}

/** Euclidean distance, as its own FaceMatcher has it. */
function nearestOf(descriptor: Float32Array, gallery: readonly Float32Array[]): number {
  let nearest = Infinity;
  for (const person of gallery) {
    let squares = 0;
    for (let i = 0; i < descriptorLength; i++) squares += (descriptor[i]! - person[i]!) ** 2;
    nearest = Math.min(nearest, squares);
  }
  return Math.sqrt(nearest);
}
