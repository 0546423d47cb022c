import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isoTime, type Clock } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { BridgedKind } from '../broker/topics.ts';
import type { BridgeHealthPayload } from './payloads.ts';

type Totals = Record<keyof BridgeHealthPayload['totals'], number>;

export interface Counters {
  count(what: keyof Totals, by?: number): void;
  /** A point is in the database, so long after its decision (null where there is none). */
  written(measurement: BridgedKind, delayMs: number | null): void;
  totals(): Readonly<Totals>;
  /** For `health`; begins the delays and the event-loop delay anew. */
  read(): BridgeHealthPayload;
  /** The page for Prometheus. */
  page(): Promise<{ readonly contentType: string; readonly text: string }>;
  start(): void;
  stop(): void;
}

export interface CountersOptions {
  readonly clock: Clock;
  readonly openMessages: () => number;
  readonly openPoints: () => number;
  readonly database: () => BridgeHealthPayload['database'];
  readonly brokerConnected: () => boolean;
}

const samplingMs = 10;
/** Delays kept between two readings at the most. */
const maxDelays = 10_000;

const helps: Readonly<Record<keyof Totals, string>> = {
  messages: 'Messages received from the broker.',
  points_written: 'Points that the database has taken.',
  acknowledged: 'Messages acknowledged to the broker.',
  write_failures: 'Requests to the database that failed.',
  dead_letters: 'Messages that could not become a point.',
  telemetry_dropped: 'Health and metrics messages given up while the database was away.',
  left_with_broker: 'Deliveries passed over since too many were open; they come again.',
};

/** What the bridge counts, as its health payload and as a page for Prometheus. */
export function createCounters(options: CountersOptions): Counters {
  const { clock } = options;
  const registry = new Registry();
  const loopDelay = monitorEventLoopDelay({ resolution: samplingMs });
  const startedAt = clock.monotonic();
  const totals = Object.fromEntries(Object.keys(helps).map((name) => [name, 0])) as Totals;
  let delays: number[] = [];
  const registers = [registry];

  const counters = Object.fromEntries(
    (Object.keys(helps) as (keyof Totals)[]).map((name) => [
      name,
      name === 'points_written'
        ? new Counter({
            name: 'muster_bridge_points_written_total',
            help: helps[name],
            labelNames: ['measurement'],
            registers,
          })
        : new Counter({ name: `muster_bridge_${name}_total`, help: helps[name], registers }),
    ]),
  ) as Record<keyof Totals, Counter>;
  const delay = new Histogram({
    name: 'muster_bridge_delay_seconds',
    help: 'From the decision to the database.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
    registers,
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `muster_bridge_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  const loopP99 = () => {
    const ms = loopDelay.percentile(99) / 1e6 - samplingMs;
    return Number.isFinite(ms) ? round(Math.max(0, ms), 2) : 0;
  };
  gauge('open_messages', 'Check-ins not acknowledged to the broker yet.', options.openMessages);
  gauge('open_points', 'Points that are not in the database yet.', options.openPoints);
  gauge('database_up', '1 when the last request to the database worked.', () =>
    options.database() === 'ok' ? 1 : 0,
  );
  gauge('broker_up', '1 while there is a session with the broker.', () =>
    options.brokerConnected() ? 1 : 0,
  );
  gauge('resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  gauge(
    'event_loop_delay_seconds',
    'Event-loop delay, p99 since the last health message.',
    () => loopP99() / 1000,
  );

  const count = (what: keyof Totals, by = 1) => {
    totals[what] += by;
    if (what !== 'points_written') counters[what].inc(by);
  };
  return {
    count,
    written(measurement, delayMs) {
      count('points_written');
      counters.points_written.inc({ measurement });
      if (delayMs === null) return;
      // A station's clock may be ahead.
      const positive = Math.max(0, delayMs);
      delay.observe(positive / 1000);
      if (delays.length < maxDelays) delays.push(positive);
    },
    totals: () => totals,
    read() {
      const sorted = delays.toSorted((a, b) => a - b);
      const quantile = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
      const payload: BridgeHealthPayload = {
        schema: 'bridge-health/1',
        ts: isoTime(clock.now()),
        uptime_s: round((clock.monotonic() - startedAt) / 1000, 1),
        database: options.database(),
        open_messages: options.openMessages(),
        open_points: options.openPoints(),
        totals: { ...totals },
        delay_ms: sorted.length === 0 ? null : { p50: quantile(0.5), p99: quantile(0.99) },
        memory_rss_mb: round(process.memoryUsage.rss() / 2 ** 20, 1),
        event_loop_p99_ms: loopP99(),
      };
      delays = [];
      loopDelay.reset();
      return payload;
    },
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    start: () => void loopDelay.enable(),
    stop: () => void loopDelay.disable(),
  };
}
