import { reasons, type Reason } from '../decide/contract.ts';
import { round } from '../lib/round.ts';
import { latencyStages } from '../telemetry/payloads.ts';
import type { Period, ReportData, StationFigures, StationHealth } from './contract.ts';
import type { InfluxQuery, Series } from './database.ts';

export interface ReportScope {
  readonly period: Period;
  readonly site: string | null;
  readonly stations: readonly string[];
}

type Row = Series['rows'][number];
const perStation = '"site", "station"';

/**
 * Reads a report's figures. Everything is aggregated by the database, by buckets that suit the period, so the answer
 * is small however many events there are. Null where the period has neither decisions nor health.
 */
export async function readReport(query: InfluxQuery, scope: ReportScope): Promise<ReportData | null> {
  const { period, site, stations } = scope;
  const where = condition(scope);
  const byTime = (minutes: number, ...tags: readonly string[]) =>
    `GROUP BY ${[`time(${minutes}m)`, ...tags].join(', ')}`;
  const inZone = period.zone === 'UTC' ? '' : ` tz('${period.zone}')`;
  const ask = (select: string, from: string, rest = '') =>
    query(`SELECT ${select} FROM "${from}" WHERE ${where} ${rest}`);
  const buckets = byTime(period.bucket_minutes);
  const accepted = `AND "decision" = 'accepted'`;
  const rejected = `AND "decision" = 'rejected'`;
  const total = 'percentile("latency_total_ms", 50) AS "p50", percentile("latency_total_ms", 95) AS "p95"';
  const both = 'count("accepted") AS "captures", sum("accepted") AS "accepted"';
  const countMinutes = period.counts_per === 'hour' ? 60 : 1440;

  const [
    sums,
    quick,
    counts,
    times,
    kept,
    unknown,
    byReason,
    stages,
    figures,
    speeds,
    similar,
    worst,
    seen,
    health,
  ] = await Promise.all([
    ask(both, 'checkin'),
    ask(total, 'checkin'),
    ask(both, 'checkin', `${byTime(countMinutes)} fill(0)${inZone}`),
    ask(`${both}, max("threshold") AS "threshold", ${total}`, 'checkin', `${buckets} fill(none)${inZone}`),
    ask(
      'median("similarity") AS "median", min("similarity") AS "lowest"',
      'checkin',
      `${accepted} ${buckets} fill(none)${inZone}`,
    ),
    ask(
      'max("similarity") AS "highest"',
      'checkin',
      `AND "reason" = 'unknown' ${buckets} fill(none)${inZone}`,
    ),
    ask('count("accepted") AS "count"', 'checkin', `${rejected} GROUP BY "reason"`),
    ask(latencyStages.flatMap(stageColumns).join(', '), 'checkin'),
    ask(both, 'checkin', `GROUP BY ${perStation}`),
    ask(total, 'checkin', `GROUP BY ${perStation}`),
    ask('median("similarity") AS "median"', 'checkin', `${accepted} GROUP BY ${perStation}`),
    ask(
      'max("cpu_temp_c") AS "hottest", mean("throttled") * 100 AS "throttled", max("outbox_depth") AS "deepest"',
      'health',
      `GROUP BY ${perStation}`,
    ),
    ask('last("uptime_s") AS "uptime_s"', 'health', `GROUP BY ${perStation}`),
    ask(
      'max("cpu_temp_c") AS "hottest", max("outbox_depth") AS "deepest"',
      'health',
      `${byTime(period.bucket_minutes, perStation)} fill(none)${inZone}`,
    ),
  ]);
  const per_station = stationFigures({ figures, speeds, similar, worst, seen });
  if (per_station.length === 0) return null;

  const captures = number(only(sums), 'captures') ?? 0;
  const acceptedCount = number(only(sums), 'accepted') ?? 0;
  const [keptAt, unknownAt] = [byMoment(kept), byMoment(unknown)];
  return {
    period,
    site,
    stations,
    summary: {
      stations: per_station.length,
      captures,
      accepted: acceptedCount,
      accept_rate_pct: share(acceptedCount, captures),
      latency_p50_ms: number(only(quick), 'p50', 1),
      latency_p95_ms: number(only(quick), 'p95', 1),
    },
    over_time: (times[0]?.rows ?? []).flatMap((row) => {
      const [at, inBucket] = [moment(row), number(row, 'captures') ?? 0];
      if (inBucket === 0) return [];
      return {
        at,
        captures: inBucket,
        accept_rate_pct: share(number(row, 'accepted') ?? 0, inBucket) ?? 0,
        latency_p50_ms: number(row, 'p50', 1) ?? 0,
        latency_p95_ms: number(row, 'p95', 1) ?? 0,
        accepted_median: number(keptAt.get(at), 'median', 4),
        accepted_lowest: number(keptAt.get(at), 'lowest', 4),
        unknown_highest: number(unknownAt.get(at), 'highest', 4),
        threshold: number(row, 'threshold', 4),
      };
    }),
    counts: (counts[0]?.rows ?? []).map((row) => {
      const yes = number(row, 'accepted') ?? 0;
      return { at: moment(row), accepted: yes, rejected: (number(row, 'captures') ?? 0) - yes };
    }),
    reasons: byReason
      .flatMap(({ tags, rows }) => {
        const reason = tags['reason'] as Reason;
        return reasons.includes(reason) ? [{ reason, count: number(rows[0], 'count') ?? 0 }] : [];
      })
      .toSorted((a, b) => b.count - a.count),
    stages: latencyStages.flatMap((stage) => {
      const [p50_ms, p95_ms] = [
        number(only(stages), `${stage}_p50`, 2),
        number(only(stages), `${stage}_p95`, 2),
      ];
      return p50_ms === null || p95_ms === null ? [] : [{ stage, p50_ms, p95_ms }];
    }),
    per_station,
    health: health.map(stationHealth),
  };
}

function stageColumns(stage: string): string[] {
  return [50, 95].map((percent) => `percentile("latency_${stage}_ms", ${percent}) AS "${stage}_p${percent}"`);
}

function condition({ period, site, stations }: ReportScope): string {
  const parts = [`time >= ${period.from}ms AND time < ${period.to}ms`];
  if (site !== null) parts.push(`"site" = ${literal(site)}`);
  if (stations.length > 0)
    parts.push(`(${stations.map((one) => `"station" = ${literal(one)}`).join(' OR ')})`);
  return parts.join(' AND ');
}

/** InfluxQL's string: a quote or a backslash inside is written with a backslash before it. */
function literal(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

function stationFigures(
  answers: Readonly<Record<'figures' | 'speeds' | 'similar' | 'worst' | 'seen', readonly Series[]>>,
): StationFigures[] {
  const all = new Map<
    string,
    { site: string; station: string } & Partial<Record<keyof typeof answers, Row>>
  >();
  for (const [name, series] of Object.entries(answers)) {
    for (const { tags, rows } of series) {
      const { site = '', station = '' } = tags;
      const key = `${site}/${station}`;
      all.set(key, { site, station, ...all.get(key), [name]: rows[0] });
    }
  }
  const sorted = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, { site, station, figures, speeds, similar, worst, seen }]) => {
    const [captures, accepted] = [number(figures, 'captures') ?? 0, number(figures, 'accepted') ?? 0];
    return {
      site,
      station,
      captures,
      accepted,
      accept_rate_pct: share(accepted, captures),
      similarity_median: number(similar, 'median', 4),
      latency_p50_ms: number(speeds, 'p50', 1),
      latency_p95_ms: number(speeds, 'p95', 1),
      last_seen: seen === undefined ? null : moment(seen),
      cpu_temp_max_c: number(worst, 'hottest', 1),
      throttled_pct: number(worst, 'throttled', 1),
      outbox_max: number(worst, 'deepest'),
    };
  });
}

function stationHealth({ tags, rows }: Series): StationHealth {
  return {
    site: tags['site'] ?? '',
    station: tags['station'] ?? '',
    points: rows.map((row) => ({
      at: moment(row),
      cpu_temp_c: number(row, 'hottest', 1),
      outbox_depth: number(row, 'deepest'),
    })),
  };
}

function only(series: readonly Series[]): Row | undefined {
  return series[0]?.rows[0];
}

function byMoment(series: readonly Series[]): Map<number, Row> {
  return new Map(series.flatMap(({ rows }) => rows).map((row) => [moment(row), row]));
}

function moment(row: Row): number {
  return Number(row['time']);
}

function number(row: Row | undefined, column: string, digits = 0): number | null {
  const value = row?.[column];
  return typeof value === 'number' ? round(value, digits) : null;
}

/** Per cent, with one decimal. */
function share(part: number, whole: number): number | null {
  return whole === 0 ? null : round((100 * part) / whole, 1);
}
