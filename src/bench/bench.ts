import { monitorEventLoopDelay } from 'node:perf_hooks';
import { MusterError } from '../lib/errors.ts';
import { round } from '../lib/round.ts';
import { median, quantile } from '../lib/quantile.ts';
import { type BenchScenario, type BenchStage, benchStages } from './contract.ts';
import type { Rig, Turn } from './rig.ts';

export interface Photos {
  /** What they are called in the report. */
  readonly name: string;
  readonly files: readonly Uint8Array[];
}

export interface ScenarioOptions {
  /** Captures before the measuring begins: the first ones load code and grow memory. */
  readonly warmUp: number;
  readonly captures: number;
  readonly signal: AbortSignal;
  /** After each turn, with the captures that it did. */
  readonly progress: (captures: number) => void;
}

/** Station and worker take turns, so that a busy moment of the machine hits both. */
const turns = 5;
/** Frames that are searched, and that are followed, one after the other. */
const trackedFrames = 10;
/** Between two looks at the main thread, ms; Node counts it as a part of the delay. */
const lookMs = 1;

/** Measures a station and its vision worker with these photos, which are used again and again. */
export async function measureScenario(
  rig: Rig,
  photos: Photos,
  options: ScenarioOptions,
): Promise<BenchScenario> {
  const { warmUp, captures, signal, progress } = options;
  const some = (count: number) =>
    Array.from({ length: count }, (_, i) => photos.files[i % photos.files.length]!);
  await rig.worker(some(Math.max(1, Math.ceil(warmUp / 2))));
  if (warmUp > 0) await rig.station(some(Math.max(1, Math.floor(warmUp / 2))));

  const station: Turn[] = [];
  const worker: Turn[] = [];
  const cpuS: number[] = [];
  const loopMs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    signal.throwIfAborted();
    const share = some(Math.floor((captures + turn) / turns));
    const loop = monitorEventLoopDelay({ resolution: lookMs });
    const cpu = process.cpuUsage();
    loop.enable();
    station.push(await rig.station(share));
    loop.disable();
    const { user, system } = process.cpuUsage(cpu);
    cpuS.push((user + system) / 1e6 / share.length);
    loopMs.push(Math.max(0, loop.percentile(99) / 1e6 - lookMs));
    worker.push(await rig.worker(share));
    progress(share.length);
  }

  const rates = station.map(rateOf);
  const workerRates = worker.map(rateOf);
  const analysed = worker.flatMap((turn) => turn.analysed);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const searchMs = sum(analysed.map(({ detect_ms: d }) => d.pyramid + d.pnet + d.rnet + d.onet));
  return {
    photo: photos.name,
    faces: round(sum(analysed.map(({ faces }) => faces.length)) / analysed.length, 2),
    stages: stagesOf(station),
    captures_per_s: round(median(rates), 2),
    worker_captures_per_s: round(median(workerRates), 2),
    station_share: round(median(rates.map((rate, i) => rate / workerRates[i]!)), 3),
    ort_share: round(median(worker.map(ortShareOf)), 3),
    detect_ort_share: round(sum(analysed.map((one) => one.detect_inference_ms)) / searchMs, 3),
    cpu_s_per_capture: round(median(cpuS), 4),
    event_loop_p99_ms: round(median(loopMs), 2),
    tracked_share: round(await trackedShare(rig, photos.files[0]!, warmUp), 3),
    rss_mb: round(process.memoryUsage.rss() / 2 ** 20, 0),
  };
}

/** Time of a frame in which faces are followed, as a share of one in which they are searched for and embedded; medians after `warmUp` of each. */
async function trackedShare(rig: Rig, photo: Uint8Array, warmUp: number): Promise<number> {
  const full: number[] = [];
  const tracked: number[] = [];
  for (let n = -warmUp; n < trackedFrames; n++) {
    const searched = await rig.analyse(photo);
    const follow = searched.faces.map(({ box }) => box);
    if (follow.length === 0)
      throw new MusterError('bench_no_face', 'there is no face in the photo that is to be measured with', {
        remedy: 'Give photos with faces larger than vision.min_face_px by --photos.',
      });
    const followed = await rig.analyse(photo, { follow, embed: 'new' });
    if (n < 0) continue;
    full.push(workMs(searched));
    tracked.push(workMs(followed));
  }
  return median(tracked) / median(full);
}

/** The worker's time for one photo, from decode to embed, ms. */
function workMs({ latency_ms: { decode, detect, align, embed } }: Turn['analysed'][number]): number {
  return decode + detect + align + embed;
}

/** Time inside the runtime as a share of all the time of a turn, in which the worker always has the next photo. */
function ortShareOf({ seconds, analysed }: Turn): number {
  return analysed.reduce((sum, { inference_ms }) => sum + inference_ms, 0) / (seconds * 1000);
}

function rateOf({ seconds, analysed }: Turn): number {
  return analysed.length / seconds;
}

function stagesOf(all: readonly Turn[]): BenchScenario['stages'] {
  const quantilesOf = (stage: BenchStage) => {
    const sorted = Float64Array.from(all.flatMap(({ stages }) => stages[stage])).toSorted();
    const at = (share: number) => round(sorted.length === 0 ? 0 : quantile(sorted, share), 3);
    return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
  };
  return Object.fromEntries(
    benchStages.map((stage) => [stage, quantilesOf(stage)]),
  ) as BenchScenario['stages'];
}
