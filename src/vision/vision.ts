import { planThreads } from '../board/plan.ts';
import { readCores } from '../board/topology.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { readManifest } from '../models/manifest.ts';
import type { Vision, VisionInfo, VisionJob, VisionResult } from './contract.ts';
import { createKeeper } from './keeper.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { Look } from './protocol.ts';
import { spawnWorker, type SpawnWorker, startThread, type VisionThread } from './thread.ts';
import { thisMachine } from './threads.ts';
import { readTuning } from './tune-file.ts';

export interface VisionOptions extends Omit<PipelineOptions, 'threads' | 'tuned' | 'manifest'> {
  /** Cores that one inference may use; `auto`: what `muster tune` has found here with this pack, else what suits the board. */
  readonly threads: 'auto' | number;
  /** The file of what it found; null or left out: there is none. */
  readonly tuningFile?: string | null;
  readonly log: Log;
  readonly clock: Clock;
}

interface PendingJob {
  readonly photo: Uint8Array<ArrayBuffer>;
  readonly look: Look;
  readonly since: number;
  readonly resolve: (result: VisionResult) => void;
  /** The last thread that it was given to. */
  given?: GivenJob;
}

interface GivenJob {
  readonly thread: VisionThread;
  /** Before that, ms. */
  readonly waitedMs: number;
  readonly answer: Promise<VisionResult>;
}

/**
 * Creates the host of the vision worker. It keeps the queue itself. The thread has the job under way, and the next one, whose photo it
 * decodes meanwhile; a thread that dies or hangs takes the job under way with it and no other.
 *
 * `spawn` starts the thread; a test passes one that keeps the handle, to kill it by.
 */
export function createVision(
  { log, clock, tuningFile = null, ...options }: VisionOptions,
  spawn: SpawnWorker = spawnWorker,
): Vision {
  const keeper = createKeeper(startAlike, log, clock);
  const queue: PendingJob[] = [];
  let state: 'new' | 'started' | 'closed' = 'new';
  let starting: Promise<VisionInfo> | undefined;
  let working: Promise<void> | undefined;
  /** The thread with a job under way. */
  let busy: VisionThread | undefined;
  /** Made once: a thread that takes another's place is to be like it. */
  let choice: ReturnType<typeof threadsToUse> | undefined;
  /** Of the models of the first thread: what they made can be compared with what these make, and with nothing else. */
  let models: string | undefined;

  async function startAlike(): Promise<VisionThread> {
    const [chosen, manifest] = await Promise.all([
      (choice ??= threadsToUse()),
      readManifest(options.modelsDir),
    ]);
    const thread = await startThread(spawn, { ...options, ...chosen, manifest });
    const { fingerprint } = thread.info;
    models ??= fingerprint;
    if (fingerprint === models) return thread;
    await thread.end();
    throw new MusterError(
      'models_replaced',
      `the models are ${fingerprint} now, and were ${models} when vision was started`,
      {
        remedy:
          'They, or the program, were replaced meanwhile. Start it again, and it takes up the new ones.',
      },
    );
  }

  async function threadsToUse(): Promise<Pick<PipelineOptions, 'threads' | 'tuned' | 'cpus'>> {
    const { threads, cpus } = planThreads(await readCores());
    if (options.threads !== 'auto') {
      // Who asks for more threads than there are fast cores means all cores.
      return { threads: options.threads, cpus: options.threads > threads ? null : cpus };
    }
    const tuned = tuningFile === null ? null : await readTuning(tuningFile, thisMachine(), log);
    return { threads, tuned, cpus };
  }

  async function start(): Promise<VisionInfo> {
    if (closed()) throw new Error('vision is closed');
    const { info, unpinned } = await keeper.first();
    if (unpinned !== null)
      log.warn({ reason: unpinned }, 'vision could not be kept on the fast cores: it may be slower');
    const { tuned } = (await choice) ?? {};
    if (tuned && tuned.fingerprint !== info.fingerprint) {
      log.info('what `muster tune` found was measured with another pack and is left out');
    }
    state = 'started';
    return info;
  }

  /** Asked anew each time, as it may change while a job is under way. */
  const closed = () => state === 'closed';

  async function workOff(): Promise<void> {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) job.resolve(await resultOf(job));
    working = undefined;
  }

  async function resultOf(job: PendingJob): Promise<VisionResult> {
    try {
      const thread = await keeper.living();
      const given = job.given?.thread === thread ? job.given : give(job, thread, job.photo);
      busy = thread;
      giveNext();
      const result = await withinTime(given);
      if (!result.ok) return result;
      const waitedMs = given.waitedMs + result.latency_ms.queue;
      return { ...result, latency_ms: { ...result.latency_ms, queue: waitedMs } };
    } catch (error) {
      return failed(closed() ? 'vision was closed' : withRemedy(error));
    } finally {
      busy = undefined;
    }
  }

  /** Gives the thread the first job that waits beside the one under way: a copy, as another thread needs it if this one is lost. */
  function giveNext(): void {
    const [next] = queue;
    if (busy === undefined || next === undefined || next.given?.thread === busy) return;
    give(next, busy, next.photo.slice());
  }

  function give(job: PendingJob, thread: VisionThread, photo: Uint8Array<ArrayBuffer>): GivenJob {
    const waitedMs = clock.monotonic() - job.since;
    const answer = thread.run(photo, job.look);
    // The thread may be lost, or late, when nobody waits for its answer.
    answer.catch(() => {});
    job.given = { thread, waitedMs, answer };
    return job.given;
  }

  /** Rejects when the thread is lost; ends it when the job takes too long. */
  async function withinTime({ thread, answer }: GivenJob): Promise<VisionResult> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<VisionResult>((resolve) => {
      timer = setTimeout(() => {
        const message = `the photo was not done within ${options.timeoutMs} ms`;
        keeper.giveUp(thread, new Error(message));
        resolve({ ok: false, failure: 'timeout', message });
      }, options.timeoutMs);
    });
    const answered = answer.then((result) => {
      keeper.worked();
      return result;
    });
    try {
      return await Promise.race([answered, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  function enqueue(photo: Uint8Array<ArrayBuffer>, look: Look, put: (job: PendingJob) => void) {
    if (state === 'new') return Promise.resolve(failed('vision has not been started'));
    if (closed()) return Promise.resolve(failed('vision is closed'));
    return new Promise<VisionResult>((resolve) => {
      put({ photo, look, since: clock.monotonic(), resolve });
      giveNext();
      working ??= workOff();
    });
  }

  return {
    start: () => (starting ??= start().finally(() => (starting = undefined))),

    analyse: ({ photo, ...look }: VisionJob) => enqueue(takeOver(photo), look, (job) => queue.push(job)),

    async probe() {
      const hanging = keeper.hanging();
      if (hanging > 0) throw new Error(`${hanging} vision thread(s) hang and can't be ended`);
      // The worker refuses what has no bytes at once, and so tells that it is alive; after the jobs that it has.
      const given = queue[0]?.given === undefined ? 0 : 1;
      const result = await enqueue(new Uint8Array(0), { embed: false }, (job) => queue.splice(given, 0, job));
      if (!result.ok && result.failure !== 'not_an_image') throw new Error(result.message);
    },

    async close() {
      state = 'closed';
      for (const job of queue.splice(0)) job.resolve(failed('vision was closed'));
      await keeper.close();
      await working;
    },
  };
}

function withRemedy(error: unknown): string {
  const remedy = error instanceof MusterError ? error.remedy : undefined;
  return remedy === undefined ? messageOf(error) : `${messageOf(error)}. ${remedy}`;
}

function failed(message: string): VisionResult {
  return { ok: false, failure: 'vision_failed', message };
}

/**
 * The bytes in an ArrayBuffer of their own that can be transferred to the thread. The caller's is detached
 * where the bytes are all of it; where it is shared (a slice of Buffer's pool, a SharedArrayBuffer) they are
 * copied.
 */
function takeOver(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (!(buffer instanceof ArrayBuffer) || byteLength !== buffer.byteLength) return new Uint8Array(bytes);
  return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }));
}
