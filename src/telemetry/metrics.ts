import { reasons } from '../decide/contract.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { quantile } from '../lib/quantile.ts';
import { round } from '../lib/round.ts';
import { latencyStages, type Latency, type MetricsPayload } from './payloads.ts';
import type { NumberedEvent } from './contract.ts';

export interface Metrics {
  /** Counts the events of one capture. */
  captured(events: readonly NumberedEvent[]): void;
  /** Counts a file that was set aside. */
  failed(): void;
  snapshot(): MetricsPayload;
}

interface Sample {
  readonly at: number;
  readonly accepted: boolean;
  readonly reason: string | null;
  readonly similarity: number | null;
  readonly latency: Latency;
}

/** Bounds the memory and the sorting: at more captures than this in a window the oldest are left out. */
const maxSamples = 5_000;

/** Figures over the last `windowMs`, and totals since the start. */
export function createMetrics({ clock, windowMs }: { clock: Clock; windowMs: number }): Metrics {
  const startedAt = clock.monotonic();
  const samples: Sample[] = [];
  const totals = { captures: 0, accepted: 0, rejected: 0, failed: 0 };

  return {
    captured(events) {
      const event = decisiveEvent(events);
      if (event === undefined) return;
      totals.captures += 1;
      totals[event.decision] += 1;
      samples.push({
        at: clock.monotonic(),
        accepted: event.decision === 'accepted',
        reason: event.reason,
        similarity: event.similarity,
        latency: event.latency_ms,
      });
      if (samples.length > maxSamples) samples.shift();
    },
    failed() {
      totals.failed += 1;
    },
    snapshot() {
      const now = clock.monotonic();
      const firstInside = samples.findIndex((sample) => now - sample.at <= windowMs);
      samples.splice(0, firstInside === -1 ? samples.length : firstInside);
      const accepted = samples.filter((sample) => sample.accepted);
      const windowSeconds = Math.max(0.001, Math.min(windowMs, now - startedAt) / 1000);
      return {
        schema: 'metrics/1',
        ts: isoTime(clock.now()),
        window_s: round(windowSeconds, 3),
        captures: samples.length,
        captures_per_s: round(samples.length / windowSeconds, 3),
        decisions: { accepted: accepted.length, rejected: samples.length - accepted.length },
        reasons: Object.fromEntries(
          reasons.map((reason) => [reason, samples.filter((sample) => sample.reason === reason).length]),
        ) as MetricsPayload['reasons'],
        accept_rate_pct: samples.length === 0 ? null : round((100 * accepted.length) / samples.length, 1),
        similarity_mean:
          accepted.length === 0 ? null : round(mean(accepted.map((one) => one.similarity ?? 0)), 4),
        latency_ms: samples.length === 0 ? null : latencyQuantiles(samples),
        totals: { ...totals },
      };
    },
  };
}

function latencyQuantiles(samples: readonly Sample[]): MetricsPayload['latency_ms'] {
  const entries = latencyStages.map((stage) => {
    const sorted = Float64Array.from(samples, (sample) => sample.latency[stage]).toSorted();
    return [stage, { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99) }];
  });
  return Object.fromEntries(entries) as MetricsPayload['latency_ms'];
}

/** The event that a capture counts by: an accepted one where there is one, else the first. */
export function decisiveEvent<E extends Pick<NumberedEvent, 'decision'>>(
  events: readonly E[],
): E | undefined {
  return events.find((event) => event.decision === 'accepted') ?? events[0];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
