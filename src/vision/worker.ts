// The vision worker: runs the pipeline in a thread of its own, because ONNX Runtime blocks the thread that
// calls it.
import { parentPort, workerData } from 'node:worker_threads';
import { pinThisThread } from '../board/pin.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { VisionResult } from './contract.ts';
import type { Pipeline, PipelineOptions } from './pipeline.ts';
import type { HostMessage, Look, WorkerData, WorkerMessage } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('The vision worker runs as a worker thread only.');
const send = (message: WorkerMessage) => port.postMessage(message);
const known = workerData as WorkerData;
process.once('exit', () => {
  Atomics.store(known.ended, 0, 1);
  Atomics.notify(known.ended, 0);
});
// Only now: the libraries take longest, and the thread may be told to end, or fail, before it has them.
const library = import('./pipeline.ts');
let pipeline: Pipeline | undefined;

port.on('message', (message: HostMessage) => {
  // The thread ends itself, here, where no inference is under way and no library is half loaded; see `end` in thread.ts.
  if (message.type === 'stop') process.exit(0);
  else if (message.type === 'start') void start(message.pipeline);
  else void answer(message.photo, message.look).then((result) => send({ type: 'result', result }));
});

if (known.pipeline !== null) await start(known.pipeline);
else await library;

async function start(options: PipelineOptions): Promise<void> {
  try {
    const { createPipeline } = await library;
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
