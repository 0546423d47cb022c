import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { planThreads } from '../../src/board/plan.ts';
import { readCores } from '../../src/board/topology.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { testFace, testScene } from '../../src/selftest/test-face.ts';
import { spawnWorker } from '../../src/vision/thread.ts';
import { candidateThreads, chooseThreads, thisMachine } from '../../src/vision/threads.ts';
import { readTuning, tuningFile, writeTuning, type Tuning } from '../../src/vision/tune-file.ts';
import { photosPerTurn, tune, type TuneOptions } from '../../src/vision/tune.ts';
import { eventually, recordingLog, silentLog, temporaryFolder } from '../support/tools.ts';
import { newVision, pipelineOptions, smallPhoto, succeeded } from './support.ts';

const photo = (await testScene(pipelineOptions.minFacePx))!;
const { threads: _, ...looks } = pipelineOptions;
const options: TuneOptions = {
  vision: { ...looks, log: silentLog, clock: systemClock },
  candidates: [1, 2],
  photo,
  rounds: 2,
  clock: systemClock,
  signal: new AbortController().signal,
  progress: () => undefined,
};

describe('the choice of threads', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [4, [1, 2, 3, 4]],
    [6, [1, 2, 3, 4, 6]],
    [8, [1, 2, 3, 4, 6, 8]],
    [20, [1, 2, 3, 4, 6, 8, 12, 16, 20]],
    [256, [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]],
  ])('on %i cores tries %j', (cores, counts) => {
    expect(candidateThreads(cores)).toEqual(counts);
  });

  it.each([
    ['the fastest', [100, 60, 40, 45], 3],
    ['one thread, where a second saves 5 % or less', [105, 100], 1],
    ['the second, where it saves more', [105.1, 100], 2],
    ['the least of several that are as good', [200, 101, 104, 100], 2],
  ])('takes %s', (_title, medians, wanted) => {
    const measured = medians.map((median_ms, i) => ({
      threads: i + 1,
      median_ms,
      captures_per_s: 1000 / median_ms,
      cpu_s_per_capture: 0.1,
    }));
    expect(chooseThreads(measured)).toBe(wanted);
  });
});

describe('tuning', () => {
  it('draws a photo of the size of a camera with one face that is found', async () => {
    const vision = newVision();
    await vision.start();
    const seen = succeeded(await vision.analyse({ photo: new Uint8Array(photo) }));
    expect([seen.width, seen.height, seen.faces.length]).toEqual([1280, 720, 1]);
    expect(seen.faces[0]?.embedding).toHaveLength(192);
    const alone = (await testFace(pipelineOptions.minFacePx))!;
    expect(succeeded(await vision.analyse({ photo: alone })).faces).toHaveLength(1);
    expect(await testScene(2000)).toBe(null);
  });

  it('measures every candidate on the whole way of a photo, and reports each round', async () => {
    const rounds: number[] = [];
    const ticks = { now: 0, asked: 0 };
    // Time by this clock is the number of times that it was asked: each measurement takes one.
    const clock = { now: () => 0, monotonic: () => (ticks.asked += 1) };
    const found = await tune({ ...options, clock, progress: (round) => rounds.push(round) });
    expect(rounds).toEqual([1, 2]);
    expect(ticks.asked).toBe(2 * 2 * 2 * photosPerTurn);
    expect(found.measured).toEqual(
      [1, 2].map((threads) => ({
        threads,
        median_ms: 1,
        captures_per_s: 1000,
        cpu_s_per_capture: expect.any(Number) as number,
      })),
    );
    expect(found.measured.every((each) => each.cpu_s_per_capture > 0)).toBe(true);
    expect(found.threads).toBe(1);
    const vision = newVision();
    expect(found.fingerprint).toBe((await vision.start()).fingerprint);
  });

  it('says why it can not measure', async () => {
    await expect(tune({ ...options, photo: new Uint8Array(10) })).rejects.toMatchObject({
      code: 'tune_failed',
      message: expect.stringContaining('not a readable image') as string,
    });
    const blind = { ...options.vision, thresholds: [1, 1, 1] } as const;
    await expect(tune({ ...options, vision: blind })).rejects.toThrow('the drawn face was not found');
    await expect(tune({ ...options, vision: { ...options.vision, pack: 'none' } })).rejects.toMatchObject({
      code: 'pack_unknown',
    });
  });

  it('ends between two photos when it is told to', async () => {
    const controller = new AbortController();
    const progress = (): void => controller.abort(new Error('enough'));
    await expect(tune({ ...options, signal: controller.signal, progress })).rejects.toThrow('enough');
  });
});

describe('what was found', () => {
  const machine = thisMachine();
  let untuned = 0;

  beforeAll(async () => {
    untuned = planThreads(await readCores()).threads;
  });

  async function tuned(changes: Partial<Tuning> = {}): Promise<{ file: string; tuning: Tuning }> {
    const { fingerprint } = await newVision().start();
    const tuning: Tuning = {
      schema: 'tuning/1',
      threads: machine.cores + 1,
      ...machine,
      fingerprint,
      measured_at: '2026-11-23T09:00:00.000Z',
      rounds: 1,
      measured: [{ threads: 1, median_ms: 30, captures_per_s: 33.3, cpu_s_per_capture: 0.03 }],
      ...changes,
    };
    const file = tuningFile(join(await temporaryFolder(), 'data'));
    await writeTuning(file, tuning);
    return { file, tuning };
  }

  async function threadsWith(file: string, threads: 'auto' | number = 'auto') {
    const { log, lines } = recordingLog();
    const { threads: used } = await newVision({ threads, tuningFile: file, log }).start();
    return { used, said: lines().map(({ level, msg }) => [level, msg]) };
  }

  it('counts where threads is auto, and a number in the settings goes before', async () => {
    const { file } = await tuned();
    expect(await threadsWith(file)).toEqual({ used: machine.cores + 1, said: [] });
    expect(await threadsWith(file, 1)).toEqual({ used: 1, said: [] });
    expect(await threadsWith(join(await temporaryFolder(), 'none.json'))).toEqual({
      used: untuned,
      said: [],
    });
  });

  it('counts for a thread that takes the place of a lost one as well, though the file has changed', async () => {
    const { file, tuning } = await tuned();
    const { log, lines } = recordingLog();
    const started: { worker: Worker; tuned: unknown }[] = [];
    const vision = newVision({ tuningFile: file, threads: 'auto', log }, (pipeline) => {
      const worker = spawnWorker(pipeline);
      started.push({ worker, tuned: pipeline.tuned });
      return worker;
    });
    expect((await vision.start()).threads).toBe(machine.cores + 1);
    await writeFile(file, 'damaged');
    started[0]?.worker.postMessage({ type: 'stop' }, []);
    await eventually('another thread', () => started.length === 2);
    succeeded(await vision.analyse({ photo: new Uint8Array(smallPhoto) }));
    const choice = { threads: machine.cores + 1, fingerprint: tuning.fingerprint };
    expect(started.map((each) => each.tuned)).toEqual([choice, choice]);
    expect(lines().some(({ msg }) => msg.includes('muster tune'))).toBe(false);
  });

  it.each([
    ['of another machine', { cpu: 'another' }],
    ['of another number of cores', { cores: machine.cores + 4 }],
    ['of another pack', { fingerprint: 'other@sha256:0' }],
  ])('is left out with a word when it is %s', async (_title, changes) => {
    const { file } = await tuned(changes);
    const { used, said } = await threadsWith(file);
    expect(used).toBe(untuned);
    expect(said).toEqual([[30, expect.stringContaining('left out')]]);
  });

  it.each(['', '{', 'null', '[]', '{"schema":"tuning/1","threads":2}', '{"schema":"tuning/2"}'])(
    'is left out with one warning when the file holds %j',
    async (text) => {
      const { file } = await tuned();
      await writeFile(file, text);
      const { used, said } = await threadsWith(file);
      expect(used).toBe(untuned);
      expect(said).toEqual([[40, expect.stringContaining('can not be read')]]);
    },
  );

  it('is left out when it has a number of threads that nobody may set', async () => {
    const { file, tuning } = await tuned();
    await writeFile(file, JSON.stringify({ ...tuning, threads: 100_000 }));
    expect(await threadsWith(file)).toMatchObject({ used: untuned, said: [[40, expect.anything()]] });
  });

  it('is left out when the file can not be read, and says why when it can not be written', async () => {
    const file = join(await temporaryFolder(), 'tuning.json');
    await mkdir(file);
    const { log, lines } = recordingLog();
    expect(await readTuning(file, machine, log)).toBe(null);
    expect(lines()).toMatchObject([{ level: 40, reason: 'EISDIR' }]);
    const { tuning } = await tuned();
    await expect(writeTuning(file, tuning)).rejects.toMatchObject({ code: 'tuning_unwritable' });
  });

  it('is written as a whole and read again', async () => {
    const { file, tuning } = await tuned();
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(tuning);
    await chmod(file, 0o400);
    await writeTuning(file, { ...tuning, threads: 1 });
    expect(await readTuning(file, machine, silentLog)).toEqual({
      threads: 1,
      fingerprint: tuning.fingerprint,
    });
  });
});
