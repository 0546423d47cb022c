import { once } from 'node:events';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { sha256Of } from '../../src/models/inspect.ts';
import type { HostMessage } from '../../src/vision/protocol.ts';
import { spawnAhead, spawnWorker, type SpawnWorker } from '../../src/vision/thread.ts';
import { recordingLog, temporaryFolder } from '../support/tools.ts';
import { copyOfModels, job, newVision, outcome, succeeded } from './support.ts';

/** A real thread that speaks the worker's protocol and does what `onJob` says with a job. */
function badWorker(onJob: string, onStart = ''): Worker {
  const script = `
    const { parentPort } = require('node:worker_threads');
    ${onStart}
    parentPort.on('message', (message) => { if (message.type === 'stop') process.exit(0); ${onJob} });
    parentPort.postMessage({ type: 'ready', info: {}, unpinned: null });`;
  return new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 32 } });
}

/** Starts what `first` makes, and the real worker from then on. */
function onceThenReal(first: () => Worker): SpawnWorker {
  let spawned = 0;
  return (options) => (spawned++ === 0 ? first() : spawnWorker(options));
}

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

test('a thread that was started ahead is the first, and is replaced as any other', async () => {
  const workers: Worker[] = [];
  const spawn = spawnAhead();
  const vision = newVision({}, (options) => {
    const worker = spawn(options);
    workers.push(worker);
    return worker;
  });
  await vision.start();
  expect(outcome(await vision.analyse(job()))).toBe('3 faces');
  workers[0]!.postMessage({ type: 'stop' }, []);
  await once(workers[0]!, 'exit');
  expect(outcome(await vision.analyse(job()))).toBe('3 faces');
  expect(workers).toHaveLength(2);
});

test('a thread that was started ahead tells what is wrong with its models', async () => {
  const vision = newVision({ modelsDir: await temporaryFolder() }, spawnAhead());
  await expect(vision.start()).rejects.toMatchObject({ code: 'model_missing' });
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

test('the thread has the job under way and the next, and a lost one takes only the first with it', async () => {
  const given: number[] = [];
  const vision = newVision(
    {},
    onceThenReal(() => {
      // Has both jobs before it ends; none of its messages is an answer.
      const worker = badWorker(
        'if ((globalThis.jobs = (globalThis.jobs ?? 0) + 1) === 2) setTimeout(() => process.exit(7), 200);',
      );
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (message: HostMessage, transfer) => {
        if (message.type === 'job') given.push(message.photo.byteLength);
        post(message, transfer as ArrayBuffer[]);
      };
      return worker;
    }),
  );
  await vision.start();
  const results = await Promise.all(Array.from({ length: 4 }, () => vision.analyse(job())));
  expect(results.map(outcome)).toEqual(['vision_failed', '3 faces', '3 faces', '3 faces']);
  expect(given).toHaveLength(2);
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

test('a thread with other models does not take the place of one that was lost', async () => {
  const models = await copyOfModels();
  const manifest = join(models, 'manifest.json');
  const shipped = await readFile(manifest, 'utf8');
  let worker: Worker | undefined;
  const { log, lines } = recordingLog();
  const vision = newVision({ modelsDir: models, log }, (options) => (worker = spawnWorker(options)));
  await vision.start();
  // The same net with a word about it (doc_string of ONNX), and so another file.
  const net = join(models, 'pnet.onnx');
  const bytes = await readFile(net);
  const other = Buffer.concat([bytes, Buffer.from([0x32, 0x01, 0x78])]);
  // The copies are links to those that ship.
  await rm(net);
  await writeFile(net, other);
  await rm(manifest);
  await writeFile(manifest, shipped.replace(sha256Of(bytes), sha256Of(other)));
  await worker!.terminate();
  expect(await vision.analyse(job())).toMatchObject({
    ok: false,
    failure: 'vision_failed',
    message: expect.stringMatching(/the models are edge@.* now, and were .*\. .*Start it again/) as string,
  });
  expect(lines().at(-1)).toMatchObject({ remedy: expect.stringContaining('Start it again') as string });
  await writeFile(net, bytes);
  await writeFile(manifest, shipped);
  expect(outcome(await vision.analyse(job()))).toBe('3 faces');
});
