import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { MusterError } from '../lib/errors.ts';
import { missingPart } from '../lib/missing-part.ts';
import type { VisionInfo, VisionResult } from './contract.ts';
import { forbidReports } from './no-reports.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { HostMessage, Look, WorkerData, WorkerMessage } from './protocol.ts';

/** One worker thread from the moment its models are loaded. */
export interface VisionThread {
  readonly info: VisionInfo;
  /** Why it could not be kept on the cores that it was given; null where it could, or was given none. */
  readonly unpinned: string | null;
  /**
   * Works jobs off in their order. One more may be given while one is under way: its photo is decoded meanwhile. Rejects when the
   * thread ends before it has answered.
   */
  run(photo: Uint8Array<ArrayBuffer>, look: Look): Promise<VisionResult>;
  /** Resolves with the reason when the thread has ended, however that came about. Never rejects. */
  readonly ended: Promise<Error>;
  /**
   * Ends the thread as soon as an inference that is under way is done; resolves then, or when that takes too
   * long.
   */
  end(): Promise<void>;
}

/**
 * Starts the thread itself; its module is the compiled one also where the host runs from source, as in the
 * tests.
 */
export type SpawnWorker = (pipeline: PipelineOptions) => Worker;

/**
 * A bound on the thread's JavaScript heap, MB. Pixels and tensors lie outside of it; the rest takes some
 * tens. Without a bound, a leak would end the process instead of the thread.
 */
const heapLimitMb = 256;

/**
 * Room for what the thread has just made, MB. With V8's own choice, 48, dozens of decoded photos and tensors wait for the collector,
 * for which they are hardly any work.
 */
const youngMb = 6;

/** How long the end of a thread is waited for that may be in the middle of an inference, ms. */
const endWaitMs = 5000;

/**
 * In the bundle the thread's module lies beside this code: a thread is of the same build as its host, also where the program was replaced
 * meanwhile. From the sources it is that of the newest build.
 */
const beside = join(import.meta.dirname, 'vision-worker.js');
const workerFile = existsSync(beside) ? beside : createRequire(import.meta.url).resolve('#vision-worker');

export function spawnWorker(pipeline: PipelineOptions): Worker {
  return newWorker(pipeline);
}

/**
 * Starts a thread ahead of what it needs to know: it loads its libraries, most of a second on a small board, while the host reads its
 * config. The first that is asked for is this one; those that may take its place are started as usual.
 */
export function spawnAhead(): SpawnWorker {
  let ahead: Worker | null = newWorker(null);
  return (pipeline) => {
    if (ahead === null) return newWorker(pipeline);
    const worker = ahead;
    ahead = null;
    worker.postMessage({ type: 'start', pipeline } satisfies HostMessage, []);
    return worker;
  };
}

function newWorker(pipeline: PipelineOptions | null): Worker {
  forbidReports();
  const data: WorkerData = { pipeline, ended: new Int32Array(new SharedArrayBuffer(4)) };
  const worker = new Worker(workerFile, {
    name: 'vision',
    workerData: data,
    // The process's own flags, such as --input-type, are not for a thread that has a file to run.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, maxYoungGenerationSizeMb: youngMb },
  });
  endWithProcess(worker, data.ended);
  return worker;
}

/**
 * `process.exit` ends threads as `terminate` does (see `end` of a VisionThread), also one that is only loading its libraries: by then it
 * must have ended by itself.
 */
function endWithProcess(worker: Worker, ended: WorkerData['ended']): void {
  const endFirst = () => {
    worker.postMessage({ type: 'stop' } satisfies HostMessage, []);
    Atomics.wait(ended, 0, 0, endWaitMs);
  };
  process.on('exit', endFirst);
  worker.once('exit', () => process.off('exit', endFirst));
}

/**
 * Resolves when the thread has loaded its models. Rejects with the MusterError of `loadPack`, or an Error for
 * a bug.
 */
export async function startThread(spawn: SpawnWorker, options: PipelineOptions): Promise<VisionThread> {
  const worker = spawn(options);
  const send = (message: HostMessage, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  /** Who waits for the thread's next messages; it sends one when it has started and one for each job, in their order. */
  const waiting: { resolve: (message: WorkerMessage) => void; reject: (reason: Error) => void }[] = [];
  let endedBy: Error | undefined;
  worker.on('message', (message: WorkerMessage) => waiting.shift()?.resolve(message));
  const ended = new Promise<Error>((resolve) => {
    let thrown: unknown;
    worker.once('error', (error) => (thrown = error));
    worker.once('exit', (status) => {
      const error = missingPart(thrown);
      endedBy = error instanceof Error ? error : new Error(`the vision thread ended with status ${status}`);
      resolve(endedBy);
      for (const { reject } of waiting.splice(0)) reject(endedBy);
    });
  });

  function nextMessage(): Promise<WorkerMessage> {
    return new Promise((resolve, reject) => {
      if (endedBy === undefined) waiting.push({ resolve, reject });
      else reject(endedBy);
    });
  }

  const first = await nextMessage();
  if (first.type === 'refused') throw refusal(first);
  if (first.type !== 'ready') throw new Error(`the vision thread began with '${first.type}'`);

  return {
    info: first.info,
    unpinned: first.unpinned,
    ended,

    async run(photo, look) {
      const answer = nextMessage();
      send({ type: 'job', photo, look }, [photo.buffer]);
      const message = await answer;
      if (message.type !== 'result')
        throw new Error(`the vision thread answered a job with '${message.type}'`);
      return message.result;
    },

    /**
     * Not with `worker.terminate()`: that aborts the whole process when it hits ONNX Runtime in the middle of
     * an inference (its binding throws where it can no longer be caught). The thread gets the message between
     * two inferences and exits by itself. One that never comes back from native code cannot be ended by
     * anything but the process; it is left alone, and does not keep the process alive.
     */
    async end() {
      send({ type: 'stop' });
      worker.unref();
      const inTime = new AbortController();
      await Promise.race([ended, sleep(endWaitMs, undefined, { signal: inTime.signal }).catch(() => {})]);
      inTime.abort();
    },
  };
}

function refusal({ code, message, remedy }: Extract<WorkerMessage, { type: 'refused' }>): MusterError {
  return new MusterError(code, message, remedy === undefined ? {} : { remedy });
}
