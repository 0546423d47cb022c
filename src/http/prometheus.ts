import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HttpTarget } from './contract.ts';

/** The station's figures for Prometheus (prometheus.io/docs/instrumenting/exposition_formats). */
export interface Prometheus {
  readonly contentType: string;
  /** The page. */
  text(): Promise<string>;
  /** A request was answered. */
  answered(route: string, status: number, seconds: number): void;
  close(): void;
}

const samplingMs = 10;

type Facts = Pick<HttpTarget, 'feed' | 'alerts' | 'metrics' | 'gallery'>;

export function createPrometheus(station: Facts): Prometheus {
  const registry = new Registry();
  const registers = [registry];
  const loopDelay = monitorEventLoopDelay({ resolution: samplingMs });
  loopDelay.enable();

  const requests = new Counter({
    name: 'muster_http_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'muster_http_request_seconds',
    help: 'From the header of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  /** Totals that others count: each is read off when the page is asked for. */
  const total = (name: string, help: string, value: () => number) =>
    new Counter({
      name: `muster_${name}`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  const gauge = (name: string, help: string, value: () => number | null | undefined) =>
    new Gauge({
      name: `muster_${name}`,
      help,
      registers,
      collect() {
        const now = value();
        if (typeof now === 'number') this.set(now);
        // What is not known is left out: 0 would be a measurement.
        else this.remove();
      },
    });

  /** One figure for each of several labels. */
  const figures = (name: string, help: string, labelNames: readonly string[], fill: (gauge: Gauge) => void) =>
    new Gauge({
      name: `muster_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        fill(this);
      },
    });

  for (const kind of ['captures', 'accepted', 'rejected', 'failed'] as const)
    total(`${kind}_total`, helps[kind], () => station.metrics().totals[kind]);
  figures(
    'latency_seconds',
    'Quantiles of the stages of a check-in over telemetry.metrics_window_s.',
    ['stage', 'quantile'],
    (all) => {
      for (const [stage, quantiles] of Object.entries(station.metrics().latency_ms ?? {}))
        for (const [name, ms] of Object.entries(quantiles))
          all.set({ stage, quantile: `0.${name.slice(1)}` }, ms / 1000);
    },
  );
  figures('alert', '1 for each alert that is raised.', ['id', 'severity'], (all) => {
    for (const { id, severity } of station.alerts()) all.set({ id, severity }, 1);
  });
  gauge('ready', '1 while captures are decided.', () =>
    ['ready', 'degraded'].includes(station.feed.state().state) ? 1 : 0,
  );
  gauge('gallery_revision', 'Revision of the gallery in use.', () => station.gallery().revision);
  gauge('gallery_subjects', 'Subjects enrolled.', () => station.gallery().subjects);
  gauge('gallery_templates', 'Templates of all subjects.', () => station.gallery().templates);
  gauge('accept_rate_ratio', 'Share of captures accepted over telemetry.metrics_window_s.', () => {
    const percent = station.metrics().accept_rate_pct;
    return percent === null ? null : percent / 100;
  });
  const health = () => station.feed.health();
  gauge('outbox_events', 'Events that nobody has acknowledged yet.', () => health()?.outbox.depth);
  gauge('cpu_temperature_celsius', 'Temperature of the processor.', () => health()?.cpu_temp_c);
  gauge(
    'cpu_throttled',
    '1 while the board has made itself slower: it is too hot, or short of power.',
    () => {
      const throttled = health()?.throttled;
      return throttled == null ? null : Number(throttled);
    },
  );
  gauge('disk_free_bytes', 'Room on the disk of data_dir.', () => bytes(health()?.disk?.free_mb));
  gauge('resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss());
  gauge('event_loop_delay_seconds', 'Event-loop delay, p99 since the page was asked for last.', () => {
    const ms = loopDelay.percentile(99) / 1e6 - samplingMs;
    loopDelay.reset();
    return Number.isFinite(ms) ? Math.max(0, ms) / 1000 : 0;
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered(route, status, seconds) {
      requests.inc({ route, status: String(status) });
      durations.observe({ route }, seconds);
    },
    close: () => void loopDelay.disable(),
  };
}

const helps = {
  captures: 'Captures decided since the start.',
  accepted: 'Captures accepted since the start.',
  rejected: 'Captures rejected since the start.',
  failed: 'Files set aside as no image since the start.',
} as const;

function bytes(mb: number | undefined): number | undefined {
  return mb === undefined ? undefined : mb * 2 ** 20;
}
