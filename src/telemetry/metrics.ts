import { reasons } from '../decide/contract.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { quantile } from '../lib/quantile.ts';
import { round } from '../lib/round.ts';
import { latencyStages, type MetricsPayload } from './payloads.ts';
import type { NumberedEvent } from './contract.ts';

export interface Metrics {
  /** Counts the events of one capture. */
  captured(events: readonly NumberedEvent[]): void;
  /** Counts a file that was set aside. */
  failed(): void;
  snapshot(): MetricsPayload;
}

/** Bounds the memory and the sorting: at more captures than this in a window the oldest are left out. */
const maxSamples = 5_000;

/** Figures over the last `windowMs`, and totals since the start. */
export function createMetrics({ clock, windowMs }: { clock: Clock; windowMs: number }): Metrics {
  const startedAt = clock.monotonic();
  const samples = createSamples();
  const totals = { captures: 0, accepted: 0, rejected: 0, failed: 0 };

  return {
    captured(events) {
      const event = decisiveEvent(events);
      if (event === undefined) return;
      totals.captures += 1;
      totals[event.decision] += 1;
      samples.add(clock.monotonic(), event);
    },
    failed() {
      totals.failed += 1;
    },
    snapshot() {
      const now = clock.monotonic();
      samples.forgetBefore(now - windowMs);
      const { captures, accepted, similarities, ofReason } = samples.counts();
      const windowSeconds = Math.max(0.001, Math.min(windowMs, now - startedAt) / 1000);
      return {
        schema: 'metrics/1',
        ts: isoTime(clock.now()),
        window_s: round(windowSeconds, 3),
        captures,
        captures_per_s: round(captures / windowSeconds, 3),
        decisions: { accepted, rejected: captures - accepted },
        reasons: Object.fromEntries(
          reasons.map((reason, i) => [reason, ofReason[i]]),
        ) as MetricsPayload['reasons'],
        accept_rate_pct: captures === 0 ? null : round((100 * accepted) / captures, 1),
        similarity_mean: accepted === 0 ? null : round(similarities / accepted, 4),
        latency_ms: captures === 0 ? null : samples.quantiles(),
        totals: { ...totals },
      };
    },
  };
}

/**
 * What is kept of each capture of the window, a ring of numbers that takes all of its memory at once. As objects they lived for minutes
 * among others that live for milliseconds: V8's heap grew by MBs until the window was full, and broke into pieces around them.
 */
function createSamples() {
  const column = () => new Float64Array(maxSamples).fill(Number.NaN);
  const at = column();
  /** The index in `reasons`; NaN for none. */
  const reasonOf = column();
  /** NaN where the capture was not accepted. */
  const similarity = column();
  const latency = latencyStages.map((stage) => ({ stage, ms: column() }));
  let first = 0;
  let count = 0;
  const place = (i: number) => (first + i) % maxSamples;

  function forgetFirst(): void {
    first = place(1);
    count -= 1;
  }

  return {
    add(now: number, { reason, similarity: similar, latency_ms, decision }: NumberedEvent): void {
      if (count === maxSamples) forgetFirst();
      const to = place(count);
      at[to] = now;
      reasonOf[to] = reason === null ? Number.NaN : reasons.indexOf(reason);
      similarity[to] = decision === 'accepted' ? (similar ?? 0) : Number.NaN;
      for (const { stage, ms } of latency) ms[to] = latency_ms[stage];
      count += 1;
    },
    forgetBefore(time: number): void {
      while (count > 0 && at[first]! < time) forgetFirst();
    },
    /** `similarities`: their sum over the accepted; `ofReason`: in the order of `reasons`. */
    counts() {
      const ofReason = reasons.map(() => 0);
      let accepted = 0;
      let similarities = 0;
      for (let i = 0; i < count; i += 1) {
        const from = place(i);
        const reason = reasonOf[from]!;
        if (!Number.isNaN(reason)) ofReason[reason] = ofReason[reason]! + 1;
        if (Number.isNaN(similarity[from]!)) continue;
        accepted += 1;
        similarities += similarity[from]!;
      }
      return { captures: count, accepted, similarities, ofReason };
    },
    quantiles() {
      const entries = latency.map(({ stage, ms }) => {
        const sorted = Float64Array.from({ length: count }, (_, i) => ms[place(i)]!).toSorted();
        return [
          stage,
          { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99) },
        ];
      });
      return Object.fromEntries(entries) as MetricsPayload['latency_ms'];
    },
  };
}

/** The event that a capture counts by: an accepted one where there is one, else the first. */
export function decisiveEvent<E extends Pick<NumberedEvent, 'decision'>>(
  events: readonly E[],
): E | undefined {
  return events.find((event) => event.decision === 'accepted') ?? events[0];
}
