import type { CheckinParts } from '../checkins.ts';
import type { Gallery } from '../gallery/contract.ts';
import type { Bell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import type { Vision, VisionResult } from '../vision/contract.ts';
import type { BenchStage } from './contract.ts';

export type Analysed = Extract<VisionResult, { readonly ok: true }>;

/** What one turn of captures took. */
export interface Measured {
  /** ms of each capture, by stage. */
  readonly stages: Readonly<Record<BenchStage, number[]>>;
  readonly analysed: Analysed[];
}

export function nothingMeasured(): Measured {
  const stages = {
    decode: [],
    pyramid: [],
    pnet: [],
    rnet: [],
    onet: [],
    align: [],
    embed: [],
    search: [],
    record: [],
    publish: [],
  };
  return { stages, analysed: [] };
}

/** Takes what the vision worker tells of a capture. */
export function noteAnalysed({ stages, analysed }: Measured, result: VisionResult): Analysed {
  if (!result.ok) throw new Error(`a photo could not be analysed: ${result.message}`);
  const { decode, align, embed } = result.latency_ms;
  for (const [stage, ms] of Object.entries({ decode, ...result.detect_ms, align, embed }))
    stages[stage as BenchStage].push(ms);
  analysed.push(result);
  return result;
}

/**
 * The parts of a station, each with a watch beside it: the loop of the station runs as it does in a station. `measured` is where the times
 * of this moment go; `published` rings when the broker has another event.
 */
export function withProbes(
  parts: Pick<CheckinParts, 'vision' | 'gallery' | 'telemetry'>,
  measured: () => Measured,
  published: Pick<Bell, 'ring'>,
  clock: Clock,
): Pick<CheckinParts, 'vision' | 'gallery' | 'telemetry'> {
  const { outbox } = parts.telemetry;
  /** When the events were recorded that the broker doesn't have yet. */
  const underWay = new Map<number, number>();
  const notePublished = (ms: number) => {
    measured().stages.publish.push(ms);
    published.ring();
  };
  outbox.onChange(() => {
    for (const [seq, since] of underWay) {
      if (outbox.has(seq)) continue;
      underWay.delete(seq);
      notePublished(clock.monotonic() - since);
    }
  });
  const timed = async <T>(stage: BenchStage, work: () => Promise<T>): Promise<T> => {
    const started = clock.monotonic();
    const result = await work();
    measured().stages[stage].push(clock.monotonic() - started);
    return result;
  };
  const vision: Vision = {
    ...parts.vision,
    analyse: async (job) => noteAnalysed(measured(), await parts.vision.analyse(job)),
  };
  const gallery = (): Gallery => {
    const real = parts.gallery();
    return { ...real, searchEach: (probes, count) => timed('search', () => real.searchEach(probes, count)) };
  };
  const { recorder } = parts.telemetry;
  const record: Recorder['record'] = async (id, decided) => {
    const entries = await timed('record', () => recorder.record(id, decided));
    for (const { seq } of entries) {
      if (outbox.has(seq)) underWay.set(seq, clock.monotonic());
      else notePublished(0);
    }
    return entries;
  };
  const telemetry = { ...parts.telemetry, recorder: { ...recorder, record } };
  return { vision, gallery, telemetry };
}
