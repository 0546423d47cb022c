import { latencyStages } from '../../src/telemetry/payloads.ts';
import { aFleet } from '../support/fleet-data.ts';
import type { InfluxSeries } from '../support/influxd.ts';

/** What every query of every panel must answer for six to seven hours of `aFleet`. */

/** What a query must answer: how many series, whose tags are these, and values within these bounds. */
export interface Expected {
  readonly series: number | readonly [least: number, most: number];
  readonly tags?: readonly string[];
  readonly columns?: readonly string[];
  readonly between?: readonly [number, number];
  /** At least this many points with a value in each series. */
  readonly points?: number;
}

const stationTags = ['site', 'station'];
const up = aFleet.filter((one) => one.silentFor === 0).length;
const telling = aFleet.filter((one) => one.tellsThrottling).length;
const one = (low: number, high: number): Expected => ({ series: 1, between: [low, high] });
const each = (low: number, high: number, points = 5): Expected => ({
  series: aFleet.length,
  tags: stationTags,
  between: [low, high],
  points,
});
const stages: Expected = { series: 1, columns: ['time', ...latencyStages], between: [0, 1000], points: 10 };
const p50p95: Expected = { series: 1, columns: ['time', 'p50', 'p95'], between: [1, 1000] };

/** By dashboard, panel, and letter of the query. */
export const expected: Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, Expected>>>>>
> = {
  fleet: {
    'Stations up': { A: one(up, up), B: one(aFleet.length, aFleet.length) },
    'Accept rate': { A: one(40, 100) },
    'Check-ins': { A: one(50, 5000), B: one(20, 2000) },
    Latency: { A: p50p95 },
    Alerts: { A: one(1, 1 + up) },
    'Events waiting': { A: one(0, 60 * up) },
    Stations: {
      A: {
        series: aFleet.length,
        tags: stationTags,
        columns: [
          'time',
          'uptime_s',
          'cpu_temp_c',
          'throttled',
          'load_1m',
          'outbox_depth',
          'last_capture_age_s',
          'clock',
          'alerts',
          'alert_ids',
        ],
      },
    },
    'Accept rate per station': { A: each(0, 100) },
    'Check-ins per hour': { A: each(0, 200) },
    'Reasons of rejection per hour': {
      A: { series: [3, 7], tags: ['reason'], between: [0, 200], points: 5 },
    },
    'Reasons of rejection': { A: { series: [3, 7], tags: ['reason'], between: [1, 1000] } },
    'Latency per stage, p50': { A: stages },
    'Latency per stage, p95': { A: stages },
    'Latency per station, p50': { A: each(1, 1000) },
    'Latency per station, p95': { A: each(1, 1000) },
    'Similarity of the accepted': { A: each(0.44, 1), B: { series: 1, between: [0.44, 0.44], points: 10 } },
    'Alerts over time': { A: each(0, 2, 100) },
    'Outbox depth': { A: each(0, 60, 100) },
    Temperature: { A: each(40, 95, 100) },
    Throttling: { A: { series: telling, tags: stationTags, between: [0, 1], points: 100 } },
  },
  station: {
    State: { A: one(1, 4) },
    'Accept rate': { A: one(40, 100) },
    Captures: { A: one(10, 1000), B: one(1, 1000) },
    Similarity: { A: one(0.44, 1), B: one(0.44, 0.44) },
    Latency: { A: p50p95 },
    Alerts: { A: one(0, 1) },
    Temperature: { A: one(40, 95) },
    Throttled: { A: one(0, 1) },
    'Events waiting': { A: one(0, 60) },
    Clock: { A: one(1, 1) },
    'Last capture': { A: one(0, 300) },
    'Running for': { A: one(1000, 100_000) },
    'Accept rate over time': { A: { series: 1, between: [0, 100], points: 10 } },
    'Decisions per hour': {
      A: { series: 1, between: [0, 200], points: 5 },
      B: { series: [3, 7], tags: ['reason'], between: [0, 100], points: 5 },
    },
    'Similarity over time': {
      A: {
        series: 1,
        columns: ['time', 'accepted, median', 'accepted, lowest'],
        between: [0.44, 1],
        points: 10,
      },
      B: { series: 1, between: [-1, 0.44], points: 3 },
      C: { series: 1, between: [0.44, 0.44], points: 10 },
    },
    'Similarity against the threshold': {
      A: { series: 1, between: [0, 0.56], points: 30 },
      B: { series: 1, between: [-1.44, 0.56], points: 5 },
    },
    'Latency per stage, p50': { A: stages },
    'Latency per stage, p95': { A: stages },
    'Face size': { A: { series: 1, columns: ['time', 'median', 'lowest'], between: [0, 300], points: 10 } },
    Sharpness: { A: { series: 1, columns: ['time', 'median', 'lowest'], between: [0, 800], points: 10 } },
    Brightness: { A: { series: 1, columns: ['time', 'median', 'lowest'], between: [0, 255], points: 10 } },
    'Temperature and throttling': {
      A: { series: 1, columns: ['time', 'CPU', 'throttled'], between: [0, 95], points: 100 },
    },
    Outbox: { A: { series: 1, columns: ['time', 'events', 'oldest'], between: [0, 900], points: 30 } },
    'Alerts over time': { A: { series: 1, columns: ['time', 'alerts'], between: [0, 1], points: 100 } },
    Memory: { A: { series: 1, columns: ['time', 'station', 'free'], between: [200, 4000], points: 100 } },
    Disk: { A: { series: 1, columns: ['time', 'free'], between: [21_000, 21_000], points: 100 } },
    'Load and event loop': {
      A: { series: 1, columns: ['time', 'load', 'event loop'], between: [0, 10], points: 100 },
    },
    'Last events': {
      A: {
        series: 1,
        columns: [
          'time',
          'decision',
          'reason',
          'gate',
          'similarity',
          'threshold',
          'match_pct',
          'latency_total_ms',
          'faces_total',
          'replayed',
        ],
        points: 50,
      },
    },
  },
};

/** How an answer differs from what is expected; empty when it does not. */
export function faultsOf(series: readonly InfluxSeries[], wanted: Expected): string[] {
  const [least, most] = typeof wanted.series === 'number' ? [wanted.series, wanted.series] : wanted.series;
  const faults = series.flatMap((answer) => faultsOfSeries(answer, wanted));
  if (series.length < least || series.length > most) faults.push(`${series.length} series`);
  if (wanted.between !== undefined) return faults;
  // A table: what a board does not tell is missing in a row, but not in all of them.
  const rows = series.flatMap(({ values }) => values);
  if (rows.length < (wanted.points ?? 1)) faults.push(`${rows.length} rows`);
  const empty = series[0]?.columns.filter((_, index) => rows.every((row) => row[index] === null)) ?? [];
  return [...faults, ...empty.map((column) => `${column} is empty`)];
}

function faultsOfSeries({ tags, columns, values }: InfluxSeries, wanted: Expected): string[] {
  const faults: string[] = [];
  const same = (what: string, found: readonly string[], expectedOnes: readonly string[]) => {
    if (found.join() !== expectedOnes.join()) faults.push(`${what}: ${found.join()}`);
  };
  same('tags', Object.keys(tags ?? {}), wanted.tags ?? []);
  if (wanted.columns !== undefined) same('columns', columns, wanted.columns);
  else if (columns.length !== 2) faults.push(`columns: ${columns.join()}`);
  if (!values.every(([time]) => Number.isInteger(time))) faults.push('a time is no time');
  const { between, points = 1 } = wanted;
  if (between === undefined) return faults;
  columns.slice(1).forEach((column, index) => {
    const told = values.map((row) => row[index + 1] ?? null).filter((value) => value !== null);
    if (told.length < points) faults.push(`${column}: ${told.length} values`);
    const strange = told.find(
      (value) => !(typeof value === 'number' && value >= between[0] && value <= between[1]),
    );
    if (strange !== undefined) faults.push(`${column}: ${strange}`);
  });
  return faults;
}
