import { loadConfig } from '../src/config/load.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createLog } from '../src/lib/log.ts';
import type { VisionInfo, VisionLatency, VisionResult } from '../src/vision/contract.ts';
import { visionOptions } from '../src/vision/options.ts';
import { createVision } from '../src/vision/vision.ts';
import type { Round } from './load.ts';

/** `total`: from asking vision to its answer, without the wait for the photos before. */
export type WorkerLatency = Omit<VisionLatency, 'queue'> & { readonly total: number };

export interface BenchWorker {
  readonly info: VisionInfo;
  /** Works off the photos as fast as it can. Throws when one can't be analysed. */
  work(photos: readonly Buffer[]): Promise<Round<WorkerLatency>>;
  close(): Promise<void>;
}

/** As many photos on their way as in the station, so that the worker never waits for the next. */
const photosAhead = 2;

/** The vision worker of the station that `env` sets up, without the station. */
export async function startWorker(env: NodeJS.ProcessEnv): Promise<BenchWorker> {
  const options = visionOptions(await loadConfig({ env }));
  const vision = createVision({ ...options, clock: systemClock, log: createLog('error') });
  const info = await vision.start();

  return {
    info,
    async work(photos) {
      const latencies: WorkerLatency[] = [];
      const left = photos.values();
      const lane = async () => {
        // A copy of its own for each, as the worker takes the memory over.
        for (const photo of left)
          latencies.push(latencyOf(await vision.analyse({ photo: new Uint8Array(photo) })));
      };
      const started = performance.now();
      await Promise.all(Array.from({ length: photosAhead }, lane));
      return { captures: photos.length, seconds: (performance.now() - started) / 1000, latencies };
    },
    close: () => vision.close(),
  };
}

function latencyOf(result: VisionResult): WorkerLatency {
  if (!result.ok) throw new Error(`a photo could not be analysed: ${result.message}`);
  const { decode, detect, align, embed } = result.latency_ms;
  return { decode, detect, align, embed, total: decode + detect + align + embed };
}
