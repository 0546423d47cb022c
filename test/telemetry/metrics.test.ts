import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { NumberedEvent } from '../../src/telemetry/contract.ts';
import { metricsSchema } from '../../src/telemetry/payloads.ts';
import { anEvent } from '../support/events.ts';
import { manualClock } from '../support/tools.ts';

const event = (changes: Partial<NumberedEvent> = {}): NumberedEvent => ({
  ...anEvent('e'),
  stream: 's',
  seq: 1,
  ...changes,
});
const rejected = (reason: NumberedEvent['reason']) => event({ decision: 'rejected', reason, subject: null });

describe('metrics', () => {
  it('are empty, not zero, without captures', () => {
    const clock = manualClock();
    const metrics = createMetrics({ clock, windowMs: 60_000 });
    clock.advance(1000);
    expect(metricsSchema.strict().parse(metrics.snapshot())).toMatchObject({
      captures: 0,
      captures_per_s: 0,
      accept_rate_pct: null,
      similarity_mean: null,
      latency_ms: null,
      totals: { captures: 0, accepted: 0, rejected: 0, failed: 0 },
    });
  });

  it('count captures by decision and reason', () => {
    const clock = manualClock();
    const metrics = createMetrics({ clock, windowMs: 60_000 });
    for (const one of [event(), event({ similarity: 0.6 }), rejected('unknown'), rejected('no_face')]) {
      clock.advance(1000);
      metrics.captured([one]);
    }
    metrics.failed();
    expect(metrics.snapshot()).toMatchObject({
      window_s: 4,
      captures: 4,
      captures_per_s: 1,
      decisions: { accepted: 2, rejected: 2 },
      reasons: { unknown: 1, no_face: 1, cooldown: 0 },
      accept_rate_pct: 50,
      similarity_mean: 0.7,
      totals: { captures: 4, accepted: 2, rejected: 2, failed: 1 },
    });
  });

  it('count a capture with several events once', () => {
    const metrics = createMetrics({ clock: manualClock(), windowMs: 60_000 });
    metrics.captured([rejected('cooldown'), event()]);
    expect(metrics.snapshot()).toMatchObject({ captures: 1, decisions: { accepted: 1, rejected: 0 } });
  });

  it('forget what is older than the window, but for the totals', () => {
    const clock = manualClock();
    const metrics = createMetrics({ clock, windowMs: 60_000 });
    metrics.captured([event()]);
    clock.advance(50_000);
    metrics.captured([rejected('unknown')]);
    clock.advance(20_000);
    expect(metrics.snapshot()).toMatchObject({
      window_s: 60,
      captures: 1,
      accept_rate_pct: 0,
      totals: { captures: 2 },
    });
    clock.advance(60_000);
    expect(metrics.snapshot()).toMatchObject({ captures: 0, totals: { captures: 2 } });
  });

  it('keep the newest 5,000 captures of a window, and stay in the window after that', () => {
    const clock = manualClock();
    const metrics = createMetrics({ clock, windowMs: 60_000 });
    const [stranger, known] = [rejected('unknown'), event()];
    for (let i = 0; i < 7_000; i += 1) {
      clock.advance(1);
      const one = i < 6_500 ? stranger : known;
      metrics.captured([{ ...one, latency_ms: { ...one.latency_ms, embed: i } }]);
    }
    expect(metrics.snapshot()).toMatchObject({
      captures: 5_000,
      decisions: { accepted: 500, rejected: 4_500 },
      reasons: { unknown: 4_500, no_face: 0 },
      latency_ms: { embed: { p50: 4_499, p99: 6_949 } },
      totals: { captures: 7_000 },
    });
    clock.advance(59_000);
    expect(metrics.snapshot()).toMatchObject({ captures: 1_001, latency_ms: { embed: { p50: 6_499 } } });
  });

  it('give the quantiles of each stage', () => {
    const metrics = createMetrics({ clock: manualClock(), windowMs: 60_000 });
    for (let ms = 1; ms <= 100; ms += 1) {
      metrics.captured([event({ latency_ms: { ...event().latency_ms, embed: 101 - ms } })]);
    }
    expect(metrics.snapshot().latency_ms?.embed).toEqual({ p50: 50, p95: 95, p99: 99 });
  });
});
