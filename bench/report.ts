import { isoTime } from '../src/lib/clock.ts';
import { round } from '../src/lib/round.ts';
import { quantile } from '../src/telemetry/metrics.ts';
import type { Load, Round } from './load.ts';
import type { Machine } from './machine.ts';

/** The main thread looks after MQTT and the watchdog at least this often, ms (99 of 100 times). */
const eventLoopTargetMs = 20;

const workerStages = ['decode', 'detect', 'align', 'embed', 'total'] as const;
const stationStages = ['decode', 'detect', 'align', 'embed', 'match', 'total'] as const;

/** ms. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export type Report = ReturnType<typeof createReport>;

/**
 * The figures of one bench, rounded; what `--json` prints. Rates, their ratio and the event loop's are those of the median turn, as
 * machines are noisy. `total` is without the wait in the queue, which full load makes long.
 *
 * @param photos how many different ones there were
 */
export function createReport(load: Load, machine: Machine, photos: number) {
  const { station, worker, probes, model, warmUp } = load;
  const stationRates = station.map(rateOf);
  const workerRates = worker.map(rateOf);
  const ratios = stationRates.map((rate, turn) => round(rate / workerRates[turn]!, 3));
  const latencies = station.flatMap((turn) => turn.latencies);
  const busy = latencies.map((latency) => ({ ...latency, total: latency.total - latency.queue }));
  const loops = probes.map(({ event_loop_ms }) => event_loop_ms);
  return {
    schema: 'bench/1',
    at: isoTime(Date.now()),
    machine: { ...machine, threads: model.threads },
    model: model.fingerprint,
    captures: latencies.length,
    warm_up: warmUp,
    photos,
    station: {
      captures_per_s: median(stationRates),
      turns_captures_per_s: stationRates,
      latency_ms: quantilesOf(stationStages, busy),
      event_loop_ms: {
        p50: round(median(loops.map(({ p50 }) => p50)), 1),
        p99: round(median(loops.map(({ p99 }) => p99)), 1),
        max: round(Math.max(...loops.map(({ max }) => max)), 1),
        target_p99: eventLoopTargetMs,
      },
      rss_peak_mb: round(Math.max(...probes.map(({ rss_peak_mb }) => rss_peak_mb)), 0),
    },
    worker: {
      captures_per_s: median(workerRates),
      turns_captures_per_s: workerRates,
      latency_ms: quantilesOf(
        workerStages,
        worker.flatMap((turn) => turn.latencies),
      ),
    },
    /** Of the worker's throughput, what the station keeps. */
    ratio: median(ratios),
    turns_ratio: ratios,
  };
}

/** Captures per second. */
function rateOf({ captures, seconds }: Pick<Round<unknown>, 'captures' | 'seconds'>): number {
  return round(captures / seconds, 2);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return quantile(sorted, 0.5);
}

function quantilesOf<S extends string>(
  stages: readonly S[],
  latencies: readonly Readonly<Record<S, number>>[],
): Record<S, Quantiles> {
  const entries = stages.map((stage) => {
    const sorted = Float64Array.from(latencies, (latency) => latency[stage]).toSorted();
    const at = (share: number) => round(quantile(sorted, share), 2);
    return [stage, { p50: at(0.5), p95: at(0.95), p99: at(0.99) } satisfies Quantiles];
  });
  return Object.fromEntries(entries) as Record<S, Quantiles>;
}
