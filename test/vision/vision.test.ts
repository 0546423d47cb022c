import { execFile } from 'node:child_process';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { MusterError } from '../../src/lib/errors.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { Vision, VisionResult } from '../../src/vision/contract.ts';
import { spawnWorker, type SpawnWorker } from '../../src/vision/thread.ts';
import { createVision, type VisionOptions } from '../../src/vision/vision.ts';
import { recordingLog, silentLog, temporaryFolder } from '../support/tools.ts';
import { pipelineOptions, samplePhoto, succeeded } from './support.ts';

function newVision(changes: Partial<VisionOptions> = {}, spawn?: SpawnWorker): Vision {
  const vision = createVision({ ...pipelineOptions, log: silentLog, clock: systemClock, ...changes }, spawn);
  onTestFinished(() => vision.close());
  return vision;
}

/** A file of its own for each job: the thread takes the memory over. */
const photo = await samplePhoto(1).then((bytes) => sharp(bytes).resize(640).jpeg().toBuffer());
const job = () => ({ photo: new Uint8Array(photo) });
const outcome = (result: VisionResult) => (result.ok ? `${result.faces.length} faces` : result.failure);

/** A real thread that speaks the worker's protocol and does what `onJob` says with a job. */
function badWorker(onJob: string, onStart = ''): Worker {
  const script = `
    const { parentPort } = require('node:worker_threads');
    ${onStart}
    parentPort.on('message', (message) => { if (message.type === 'stop') process.exit(0); ${onJob} });
    parentPort.postMessage({ type: 'ready', info: {} });`;
  return new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 32 } });
}

/** Starts what `first` makes, and the real worker from then on. */
function onceThenReal(first: () => Worker): SpawnWorker {
  let spawned = 0;
  return (options) => (spawned++ === 0 ? first() : spawnWorker(options));
}

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

test('takes over the memory of a photo, and copies what is shared', async () => {
  const vision = newVision();
  await vision.start();
  const own = new Uint8Array(photo);
  const pooled = Buffer.allocUnsafe(64).fill(1);
  const shared = new Uint8Array(new SharedArrayBuffer(photo.length));
  shared.set(photo);
  const results = [own, pooled, shared].map((bytes) => vision.analyse({ photo: bytes }));
  expect(own.byteLength).toBe(0);
  expect((await Promise.all(results)).map(outcome)).toEqual(['3 faces', 'not_an_image', '3 faces']);
  expect(pooled.every((value) => value === 1)).toBe(true);
  expect(shared).toEqual(new Uint8Array(photo));
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

test('a thread that ends takes its job with it and no other', async () => {
  const workers: Worker[] = [];
  const vision = newVision({}, (options) => {
    const worker = spawnWorker(options);
    workers.push(worker);
    return worker;
  });
  await vision.start();
  for (let round = 0; round < 5; round++) {
    const results = Promise.all([vision.analyse(job()), vision.analyse(job()), vision.analyse(job())]);
    // The thread ends between two inferences of the first job.
    workers.at(-1)!.postMessage({ type: 'stop' }, []);
    expect((await results).map(outcome)).toEqual(['vision_failed', '3 faces', '3 faces']);
  }
  expect(workers).toHaveLength(6);
});

test.each<[string, string, RegExp]>([
  ['throws', "throw new Error('broken on purpose');", /broken on purpose/],
  ['exits', 'process.exit(7);', /status 7/],
  ['runs out of memory', 'const all = []; for (;;) all.push(new Array(1000).fill(0.5));', /memory/],
])('a thread that %s is replaced', async (_, onJob, message) => {
  const { log, lines } = recordingLog();
  const vision = newVision(
    { log },
    onceThenReal(() => badWorker(onJob)),
  );
  await vision.start();
  const [broken, ...others] = await Promise.all([
    vision.analyse(job()),
    vision.analyse(job()),
    vision.analyse(job()),
  ]);
  expect(broken).toMatchObject({
    ok: false,
    failure: 'vision_failed',
    message: expect.stringMatching(message) as string,
  });
  expect(others.map(outcome)).toEqual(['3 faces', '3 faces']);
  expect(lines()).toMatchObject([{ level: 50, msg: 'the vision thread was lost' }]);
});

test('a thread that hangs is given up, and the other jobs go on', async () => {
  const vision = newVision(
    { timeoutMs: 3000 },
    onceThenReal(() => badWorker('')),
  );
  await vision.start();
  const results = await Promise.all([vision.analyse(job()), vision.analyse(job()), vision.analyse(job())]);
  expect(results.map(outcome)).toEqual(['timeout', '3 faces', '3 faces']);
  expect(succeeded(results[1]).latency_ms.queue).toBeGreaterThan(2900);
});

test('a job that takes too long is given up', async () => {
  const vision = newVision({ timeoutMs: 1 });
  await vision.start();
  expect(await vision.analyse(job())).toMatchObject({ failure: 'timeout', message: /1 ms/ });
});

test('a thread that dies while idle is replaced without a job', async () => {
  let worker: Worker | undefined;
  const vision = newVision({}, (options) => (worker = spawnWorker(options)));
  await vision.start();
  const first = worker!;
  await first.terminate();
  expect(outcome(await vision.analyse(job()))).toBe('3 faces');
  expect(worker).not.toBe(first);
});

test('threads that die in a row are started at ever longer intervals', async () => {
  const spawns: number[] = [];
  const vision = newVision({}, () => {
    spawns.push(performance.now());
    return badWorker('process.exit(1);');
  });
  await vision.start();
  for (let n = 0; n < 5; n++) expect(outcome(await vision.analyse(job()))).toBe('vision_failed');
  const gaps = spawns.slice(1).map((at, i) => at - spawns[i]!);
  // At once, then after 100, 200 and 400 ms.
  expect(gaps[1]).toBeGreaterThan(95);
  expect(gaps[2]).toBeGreaterThan(195);
  expect(gaps[3]).toBeGreaterThan(395);
});

test('when the models are gone jobs fail with the reason, until they are back', async () => {
  const models = await copyOfModels();
  let worker: Worker | undefined;
  const vision = newVision({ modelsDir: models }, (options) => (worker = spawnWorker(options)));
  await vision.start();
  const away = `${models}-away`;
  onTestFinished(() => rm(away, { recursive: true, force: true }));
  await rename(models, away);
  await worker!.terminate();
  const failed = await vision.analyse(job());
  expect(failed).toMatchObject({
    ok: false,
    failure: 'vision_failed',
    message: expect.stringContaining(models) as string,
  });
  await rename(away, models);
  expect(outcome(await vision.analyse(job()))).toBe('3 faces');
});

test('closing ends the job under way and those that wait', async () => {
  const vision = newVision();
  await vision.start();
  const results = Promise.all([vision.analyse(job()), vision.analyse(job())]);
  await vision.close();
  expect((await results).map(outcome)).toEqual(['vision_failed', 'vision_failed']);
});

test('a process ends by itself when it has closed its vision', async () => {
  const module = (path: string) => JSON.stringify(pathToFileURL(join(packageRoot, 'dist', 'src', path)).href);
  const script = `
    import { createVision } from ${module('vision/vision.js')};
    const log = { error() {}, warn() {}, info() {} };
    const clock = { now: Date.now, monotonic: () => performance.now() };
    const vision = createVision({ ...${JSON.stringify(pipelineOptions)}, log, clock });
    await vision.start();
    const job = vision.analyse({ photo: new Uint8Array(10) });
    await vision.close();
    console.log((await job).failure);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 30_000,
  });
  expect(stdout.trim()).toMatch(/^(vision_failed|not_an_image)$/);
});

async function copyOfModels(): Promise<string> {
  const dir = join(await temporaryFolder(), 'models');
  for (const file of await readdir(pipelineOptions.modelsDir)) {
    await cp(join(pipelineOptions.modelsDir, file), join(dir, file));
  }
  return dir;
}
