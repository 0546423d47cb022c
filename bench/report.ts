import { isoTime } from '../src/lib/clock.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import { quantile } from '../src/telemetry/metrics.ts';
import type { Load, Round } from './load.ts';
import type { Machine } from './machine.ts';

/** The main thread looks after MQTT and the watchdog at least this often, ms (99 of 100 times). */
const eventLoopTargetMs = 20;

const stages = ['decode', 'detect', 'align', 'embed', 'match', 'total'] as const;
type Stage = (typeof stages)[number];

/** ms. */
interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export type Report = ReturnType<typeof createReport>;

/** The figures of one bench, rounded; what `--json` prints. `total` is without the wait in the queue, which full load makes long. */
export function createReport(
  { model, station, worker, probes, warmUp }: Load,
  machine: Machine,
  photos: number,
) {
  const stationLatencies = station.flatMap(({ latencies }) => latencies);
  const workerLatencies = worker.flatMap(({ latencies }) => latencies);
  const busy = stationLatencies.map((latency) => ({ ...latency, total: latency.total - latency.queue }));
  return {
    schema: 'bench/1',
    at: isoTime(Date.now()),
    machine: { ...machine, threads: model.threads },
    model: model.fingerprint,
    captures: stationLatencies.length,
    warm_up: warmUp,
    photos,
    station: {
      captures_per_s: rate(station),
      turns_captures_per_s: station.map((turn) => rate([turn])),
      latency_ms: quantilesOf(stages, busy),
      /** The median turn's, and the longest of all turns. */
      event_loop_ms: {
        p50: median(probes.map(({ event_loop_ms }) => event_loop_ms.p50)),
        p99: median(probes.map(({ event_loop_ms }) => event_loop_ms.p99)),
        max: Math.max(...probes.map(({ event_loop_ms }) => round(event_loop_ms.max, 1))),
        target_p99: eventLoopTargetMs,
      },
      rss_peak_mb: round(Math.max(...probes.map(({ rss_peak_mb }) => rss_peak_mb)), 0),
    },
    worker: {
      captures_per_s: rate(worker),
      turns_captures_per_s: worker.map((turn) => rate([turn])),
      latency_ms: quantilesOf(['decode', 'detect', 'align', 'embed', 'total'] as const, workerLatencies),
    },
    /** Of the worker's throughput, what the station keeps. */
    ratio: round(rate(station) / rate(worker), 3),
  };
}

/** The report for a person. */
export function printReport({
  machine,
  model,
  captures,
  warm_up,
  photos,
  station,
  worker,
  ratio,
}: Report): string {
  const { event_loop_ms: loop } = station;
  const rows = stages.map((stage) => {
    const alone = stage === 'match' ? undefined : worker.latency_ms[stage];
    return [stage, ...cells(station.latency_ms[stage]), ...cells(alone)];
  });
  const verdict = loop.p99 <= loop.target_p99 ? 'met' : 'missed';
  return `${machine.cpu}, ${machine.cores} cores (${machine.threads} threads for inference), ${machine.memory_mb} MB, ${machine.platform}
node ${machine.node}, muster ${machine.muster}, ${model.slice(0, model.indexOf(':') + 9)}
${captures} captures after ${warm_up} of warm-up, ${photos} different photos

${table(
  ['captures per second', 'mean', ...station.turns_captures_per_s.map((_, turn) => `turn ${turn + 1}`)],
  [
    ['station', station.captures_per_s, ...station.turns_captures_per_s],
    ['vision worker alone', worker.captures_per_s, ...worker.turns_captures_per_s],
    [
      'station / worker',
      ratio,
      ...station.turns_captures_per_s.map((value, turn) =>
        round(value / worker.turns_captures_per_s[turn]!, 3),
      ),
    ],
  ],
)}

${table(['stage, ms', 'station p50', 'p95', 'p99', 'worker p50', 'p95', 'p99'], rows)}
(total: without the wait for the captures before)

event loop of the station's main thread: p99 ${loop.p99} ms (target ${loop.target_p99}: ${verdict}), p50 ${loop.p50}, max ${loop.max}; an idle one has 10 to 11
memory of the station: ${station.rss_peak_mb} MB at the most
`;
}

function cells(quantiles: Quantiles | undefined): (string | number)[] {
  return quantiles === undefined ? ['', '', ''] : [quantiles.p50, quantiles.p95, quantiles.p99];
}

function rate(turns: readonly Pick<Round<unknown>, 'captures' | 'seconds'>[]): number {
  const sum = (key: 'captures' | 'seconds') => turns.reduce((total, turn) => total + turn[key], 0);
  return round(sum('captures') / sum('seconds'), 2);
}

function median(values: readonly number[]): number {
  return round(
    quantile(
      values.toSorted((a, b) => a - b),
      0.5,
    ),
    1,
  );
}

function quantilesOf<S extends Stage>(
  names: readonly S[],
  latencies: readonly Readonly<Record<S, number>>[],
) {
  const entries = names.map((stage) => {
    const sorted = Float64Array.from(latencies, (latency) => latency[stage]).toSorted();
    const at = (share: number) => round(quantile(sorted, share), 2);
    return [stage, { p50: at(0.5), p95: at(0.95), p99: at(0.99) } satisfies Quantiles];
  });
  return Object.fromEntries(entries) as Record<S, Quantiles>;
}
