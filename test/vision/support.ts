import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { defaultModelsDir, packageRoot } from '../../src/lib/package.ts';
import type { Box, Point, Vision, VisionResult } from '../../src/vision/contract.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from '../../src/vision/pipeline.ts';
import type { SpawnWorker } from '../../src/vision/thread.ts';
import { createVision, type VisionOptions } from '../../src/vision/vision.ts';
import { silentLog, temporaryFolder } from '../support/tools.ts';

const samples = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** One of the six photos that an installed package brings along; each shows three to five people. */
export function samplePhoto(n: 1 | 2 | 3 | 4 | 5 | 6): Promise<Buffer> {
  return readFile(join(samples, `sample${n}.jpg`));
}

/**
 * Research photos and reference answers that lie beside the project where it is developed, and nowhere else.
 */
export const sharedDir = join(packageRoot, '..', 'shared');
export const hasShared = existsSync(join(sharedDir, 'golden', 'mtcnn.json'));
export const withoutShared = 'skipped: the research photos in ../shared are not here';

export const pipelineOptions: PipelineOptions = {
  modelsDir: defaultModelsDir,
  pack: 'edge',
  minFacePx: 80,
  maxSidePx: 1280,
  maxPixels: 64e6,
  detectMode: 'exact',
  thresholds: [0.6, 0.7, 0.7],
  factor: 0.709,
  threads: 2,
  timeoutMs: 20_000,
  flip: false,
  pad: 'off',
};

export async function startPipeline(changes: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  const pipeline = await createPipeline({ ...pipelineOptions, ...changes });
  onTestFinished(() => pipeline.close());
  return pipeline;
}

export function succeeded(result: VisionResult): VisionResult & { ok: true } {
  if (!result.ok) throw new Error(`${result.failure}: ${result.message}`);
  return result;
}

/** Intersection over union of two boxes, 0..1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}

export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(ax - bx, ay - by);
}

/** Cosine similarity of two unit-length vectors. */
export function similarity(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** A host of the worker that is closed when the test is over. */
export function newVision(changes: Partial<VisionOptions> = {}, spawnThread?: SpawnWorker): Vision {
  const vision = createVision(
    { ...pipelineOptions, log: silentLog, clock: systemClock, ...changes },
    spawnThread,
  );
  onTestFinished(() => vision.close());
  return vision;
}

/** A file of its own for each job: the thread takes the memory over. */
export const smallPhoto = await samplePhoto(1).then((bytes) => sharp(bytes).resize(640).jpeg().toBuffer());
export const job = () => ({ photo: new Uint8Array(smallPhoto) });
export const outcome = (result: VisionResult) =>
  result.ok ? `${result.faces.length} faces` : result.failure;

/** The models in a folder that a test may do harm to. */
export async function copyOfModels(): Promise<string> {
  const dir = join(await temporaryFolder(), 'models');
  await mkdir(dir);
  for (const file of await readdir(defaultModelsDir)) {
    await symlink(join(defaultModelsDir, file), join(dir, file));
  }
  return dir;
}
