import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { MusterError } from '../../src/lib/errors.ts';
import { packageRoot } from '../../src/lib/package.ts';
import {
  copyOfModels,
  job,
  newVision,
  outcome,
  pipelineOptions,
  samplePhoto,
  smallPhoto,
  succeeded,
} from './support.ts';

test('starts with the facts of the models and analyses in a thread of its own', async () => {
  const vision = newVision({ threads: 'auto' });
  const info = await vision.start();
  expect(info).toMatchObject({ pack: 'edge', dimension: 192 });
  expect(info.fingerprint).toMatch(/^edge@sha256:[0-9a-f]{64}$/);
  expect(info.threads).toBeGreaterThan(0);
  const result = succeeded(await vision.analyse(job()));
  expect(result.faces).toHaveLength(3);
  expect(result.faces[0]!.embedding).toBeInstanceOf(Float32Array);
  expect(result.latency_ms.queue).toBeGreaterThanOrEqual(0);
});

test('works jobs off in their order, counts the wait, and does not block the main thread', async () => {
  const vision = newVision();
  await vision.start();
  const finished: number[] = [];
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  const started = performance.now();
  const results = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((n) =>
      vision.analyse({ ...job(), embed: n % 2 === 0 }).then((result) => {
        finished.push(n);
        return succeeded(result);
      }),
    ),
  );
  clearInterval(ticking);
  expect(finished).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results.map(({ faces }) => faces[0]!.embedding.length)).toEqual([192, 0, 192, 0, 192, 0]);
  expect(results[5]!.latency_ms.queue).toBeGreaterThan(results[0]!.latency_ms.queue);
  expect(ticks).toBeGreaterThan((performance.now() - started) / 5 / 4);
});

test('a photo that can not be decoded harms neither the one before it nor the one after', async () => {
  const vision = newVision({ maxPixels: 1e6 });
  await vision.start();
  const cut = smallPhoto.subarray(0, smallPhoto.length / 2);
  const large = await samplePhoto(1);
  const photos = [smallPhoto, cut, smallPhoto, large, new Uint8Array(0), smallPhoto];
  const results = await Promise.all(photos.map((photo) => vision.analyse({ photo: new Uint8Array(photo) })));
  expect(results.map(outcome)).toEqual([
    '3 faces',
    'not_an_image',
    '3 faces',
    'too_many_pixels',
    'not_an_image',
    '3 faces',
  ]);
});

test('takes over the memory of a photo, and copies what is shared', async () => {
  const vision = newVision();
  await vision.start();
  const own = new Uint8Array(smallPhoto);
  const pooled = Buffer.allocUnsafe(64).fill(1);
  const shared = new Uint8Array(new SharedArrayBuffer(smallPhoto.length));
  shared.set(smallPhoto);
  const results = [own, pooled, shared].map((bytes) => vision.analyse({ photo: bytes }));
  expect(own.byteLength).toBe(0);
  expect((await Promise.all(results)).map(outcome)).toEqual(['3 faces', 'not_an_image', '3 faces']);
  expect(pooled.every((value) => value === 1)).toBe(true);
  expect(shared).toEqual(new Uint8Array(smallPhoto));
});

test('refuses to start without models, with the remedy, and starts when they are there', async () => {
  const models = await copyOfModels();
  const lost = `${models}-lost`;
  onTestFinished(() => rm(lost, { recursive: true, force: true }));
  await rename(join(models, 'pnet.onnx'), lost);
  const vision = newVision({ modelsDir: models });
  const refusal = await vision.start().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(MusterError);
  expect(refusal).toMatchObject({
    code: 'model_missing',
    remedy: expect.stringContaining('muster') as string,
  });
  await rename(lost, join(models, 'pnet.onnx'));
  expect(await vision.start()).toMatchObject({ pack: 'edge' });
});

test('without a start, or after the close, a job is refused', async () => {
  const vision = newVision();
  expect(await vision.analyse(job())).toMatchObject({
    failure: 'vision_failed',
    message: /not been started/,
  });
  await vision.start();
  await vision.close();
  expect(await vision.analyse(job())).toMatchObject({ failure: 'vision_failed', message: /closed/ });
  await expect(vision.start()).rejects.toThrow('closed');
  await vision.close();
});

test('closing ends the job under way and those that wait', async () => {
  const vision = newVision();
  await vision.start();
  const results = Promise.all([vision.analyse(job()), vision.analyse(job())]);
  await vision.close();
  expect((await results).map(outcome)).toEqual(['vision_failed', 'vision_failed']);
});

/** Runs a module in a process of its own, in which `vision` is started and `photo` is one with faces. */
async function inProcess(body: string): Promise<{ status: number | null; stdout: string }> {
  const module = JSON.stringify(pathToFileURL(join(packageRoot, 'dist', 'src', 'vision', 'vision.js')).href);
  const script = `
    import { createVision } from ${module};
    const log = { error() {} };
    const clock = { now: Date.now, monotonic: () => performance.now() };
    const vision = createVision({ ...${JSON.stringify({ ...pipelineOptions, minFacePx: 20 })}, log, clock });
    const photo = () => new Uint8Array(Buffer.from('${smallPhoto.toString('base64')}', 'base64'));
    await vision.start();
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(script);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout };
}

test('a process ends by itself when it has closed its vision', async () => {
  const { status, stdout } = await inProcess(`
    const job = vision.analyse({ photo: photo() });
    await vision.close();
    console.log((await job).failure);`);
  expect([status, stdout]).toEqual([0, 'vision_failed\n']);
});

test('a process that exits in the middle of an inference does so with its own status', async () => {
  for (const ms of [40, 60, 80, 100]) {
    const { status } = await inProcess(`
      for (let n = 0; n < 20; n++) void vision.analyse({ photo: photo() });
      setTimeout(() => process.exit(3), ${ms});`);
    expect(status).toBe(3);
  }
});
