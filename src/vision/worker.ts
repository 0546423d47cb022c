// The vision worker: runs the pipeline in a thread of its own, because ONNX Runtime blocks the thread that calls it.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { VisionResult } from './contract.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts';
import type { HostMessage, WorkerMessage } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('The vision worker runs as a worker thread only.');
const send = (message: WorkerMessage) => port.postMessage(message);

const pipeline = await loadPipeline();
if (pipeline !== undefined) {
  port.on('message', (message: HostMessage) => {
    // The thread ends itself, here, where no inference is under way; see `end` in thread.ts.
    if (message.type === 'stop') process.exit(0);
    void answer(pipeline, message.photo, message.embed).then((result) => send({ type: 'result', result }));
  });
  send({ type: 'ready', info: pipeline.info });
}

/** Undefined when the models were refused. Anything else that goes wrong is a bug and ends the thread as its 'error'. */
async function loadPipeline(): Promise<Pipeline | undefined> {
  try {
    return await createPipeline(workerData as PipelineOptions);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    send({ type: 'refused', code: error.code, message: error.message, remedy: error.remedy });
    return undefined;
  }
}

async function answer(stages: Pipeline, photo: Uint8Array, embed: boolean): Promise<VisionResult> {
  try {
    return await stages.analyse(photo, embed);
  } catch (error) {
    return { ok: false, failure: 'vision_failed', message: messageOf(error) };
  }
}
