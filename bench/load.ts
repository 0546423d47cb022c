import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { portraits } from '../demo/sample-photos.ts';
import type { Latency } from '../src/telemetry/payloads.ts';
import type { VisionInfo } from '../src/vision/contract.ts';
import { createFeeder } from './feeder.ts';
import type { ProbeAnswer } from './probe.ts';
import { enroll, startStation } from './station.ts';
import { startWorker, type WorkerLatency } from './worker.ts';

/** Captures before the measuring begins: the first ones load code and grow memory. */
const warmUp = 10;
/** Station and worker take turns, so that a busy moment of the machine hits both. */
const turns = 5;

/** One turn. */
export interface Round<L> {
  readonly captures: number;
  /** From the first capture's arrival in the inbox (or its start, for the worker) to the last one's event (result), s. */
  readonly seconds: number;
  readonly latencies: readonly L[];
}

export interface Load {
  readonly warmUp: number;
  readonly model: VisionInfo;
  readonly station: readonly Round<Latency>[];
  /** After each turn of the station, about that turn. */
  readonly probes: readonly ProbeAnswer[];
  readonly worker: readonly Round<WorkerLatency>[];
}

/** Measures in `dir`, an empty folder. `onDone` is told of captures that are done. */
export async function runLoad(
  dir: string,
  photos: readonly Buffer[],
  captures: number,
  onDone: (count: number) => void,
): Promise<Load> {
  const env = stationEnv(join(dir, 'data'));
  const photosFor = (count: number) => Array.from({ length: count }, (_, i) => photos[i % photos.length]!);
  await mkdir(join(dir, 'people'));
  for (const name of ['alice', 'bella', 'clara', 'dora'] as const) {
    await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
  }
  await enroll(join(dir, 'people'), env);

  const station = await startStation(env);
  const worker = await startWorker(env);
  try {
    const feeder = createFeeder(dir, station);
    // Each photo once: one that can't be analysed is told here, where the station would set it aside and be silent.
    await worker.work(photos);
    await feeder.feed(photosFor(warmUp));

    const rounds = {
      station: [] as Round<Latency>[],
      probes: [] as ProbeAnswer[],
      worker: [] as Round<WorkerLatency>[],
    };
    for (let turn = 0; turn < turns; turn++) {
      const share = photosFor(Math.floor((captures + turn) / turns));
      await station.ask('reset');
      rounds.station.push(await feeder.feed(share));
      rounds.probes.push(await station.ask('read'));
      onDone(share.length);
      rounds.worker.push(await worker.work(share));
      onDone(share.length);
    }
    return { ...rounds, warmUp, model: worker.info };
  } finally {
    await worker.close();
    await station.stop();
  }
}

/** Defaults, except for what would meet another station on this machine; vision as the user has set it. */
function stationEnv(dataDir: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('MUSTER_') || name.startsWith('MUSTER_VISION__'),
  );
  return {
    ...Object.fromEntries(others),
    MUSTER_DATA_DIR: dataDir,
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_HTTP__PORT: '0',
  };
}
