import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minFacePx } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { measureScenario, type Photos, type ScenarioOptions } from './bench.ts';
import type { BenchReport, BenchScenario } from './contract.ts';
import { describeMachine } from './machine.ts';
import { drawnPhotos, photosOfFolder } from './photos.ts';
import { startRig } from './rig.ts';

export interface BenchOptions extends ScenarioOptions {
  /** Templates in the gallery. */
  readonly templates: number;
  /** A folder; null: photos are drawn, of each size with each number of faces. */
  readonly photos: string | null;
  readonly sizes: readonly (readonly [width: number, height: number])[];
  readonly faces: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Measures a station set up as `config` says, but on a temporary folder and with a broker of its own. Rejects with the MusterErrors
 * of its parts, `bench_photos` and `bench_no_face`, and with the signal's reason when it aborts.
 */
export async function runBench(config: Config, options: BenchOptions): Promise<BenchReport> {
  const { templates, clock, log, warmUp, captures } = options;
  const all = await photosOf(config, options);
  const dir = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  try {
    const rig = await startRig({ config: onItsOwn(config, dir), templates, clock, log });
    try {
      const scenarios: BenchScenario[] = [];
      for (const photos of all) scenarios.push(await measureScenario(rig, photos, options));
      return {
        schema: 'bench/2',
        at: isoTime(clock.now()),
        machine: describeMachine(),
        pack: rig.model.pack,
        model: rig.model.fingerprint,
        detector_mode: config.vision.detector.mode,
        min_face_px: minFacePx(config.vision),
        threads: rig.model.threads,
        templates,
        warm_up: warmUp,
        captures,
        ...scenarios[0]!,
        scenarios,
      };
    } finally {
      await rig.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function photosOf(config: Config, { photos, sizes, faces }: BenchOptions): Promise<readonly Photos[]> {
  if (photos !== null) return [await photosOfFolder(photos)];
  const wanted = sizes.flatMap((size) => faces.map((count) => [size, count] as const));
  return await Promise.all(wanted.map(([size, count]) => drawnPhotos(size, count, minFacePx(config.vision))));
}

/** Nothing of it meets another station on this machine, and no check-in is suppressed. */
function onItsOwn(config: Config, dir: string): Config {
  return {
    ...config,
    data_dir: join(dir, 'data'),
    mqtt: { ...config.mqtt, url: null, embedded: { ...config.mqtt.embedded, port: 0 } },
    outbox: { ...config.outbox, delivery: 'broker' },
  };
}
