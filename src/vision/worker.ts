// The vision worker: runs the pipeline in a thread of its own, because ONNX Runtime blocks the thread that
// calls it.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThisThread } from '../board/pin.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { VisionResult } from './contract.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import type { HostMessage, Look, WorkerData, WorkerMessage } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('The vision worker runs as a worker thread only.');
const send = (message: WorkerMessage) => port.postMessage(message);
let pipeline: Pipeline | undefined;

port.on('message', (message: HostMessage) => {
  // The thread ends itself, here, where no inference is under way; see `end` in thread.ts.
  if (message.type === 'stop') process.exit(0);
  else if (message.type === 'start') void start(message.data);
  else void answer(message.photo, message.look).then((result) => send({ type: 'result', result }));
});

const known = workerData as WorkerData | null;
if (known !== null) await start(known);

async function start({ pipeline: options, ended }: WorkerData): Promise<void> {
  process.once('exit', () => {
    Atomics.store(ended, 0, 1);
    Atomics.notify(ended, 0);
  });
  try {
    // Before the runtime makes threads, which are where this one is.
    const unpinned = options.cpus ? await pinThisThread(options.cpus) : null;
    pipeline = await createPipeline(unpinned === null ? options : { ...options, cpus: null });
    send({ type: 'ready', info: pipeline.info, unpinned });
  } catch (error) {
    // Anything else is a bug: it ends the thread as its 'error'.
    if (!(error instanceof MusterError)) throw error;
    send({ type: 'refused', code: error.code, message: error.message, remedy: error.remedy });
    port!.close();
  }
}

async function answer(photo: Uint8Array, look: Look): Promise<VisionResult> {
  try {
    if (pipeline === undefined) throw new Error('a job came before the models were loaded');
    return await pipeline.analyse(photo, look);
  } catch (error) {
    return { ok: false, failure: 'vision_failed', message: messageOf(error) };
  }
}
