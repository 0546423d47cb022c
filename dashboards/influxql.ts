import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { latencyStages } from '../src/telemetry/payloads.ts';

/** A query as Grafana's InfluxDB data source takes it. The SDK has no type of its own for it. */
export interface InfluxTarget extends Dataquery {
  readonly refId: string;
  readonly datasource: typeof datasource;
  readonly query: string;
  readonly rawQuery: true;
  readonly resultFormat: 'time_series' | 'table';
  /** The name of a series; `[[tag_<name>]]` and `[[col]]` stand for a tag and the column. */
  readonly alias?: string;
}

/** Whatever the variable `datasource` names, so that the dashboards also work in a Grafana that has another. */
export const datasource = { type: 'influxdb', uid: '${datasource}' } as const;

/** The stations that are chosen above the dashboard. `regex` joins several and escapes them, in every version. */
export const chosen = `"site" =~ /^\${site:regex}$/ AND "station" =~ /^\${station:regex}$/`;
/** Of the chosen stations, in the time range of the dashboard. */
export const inRange = `$timeFilter AND ${chosen}`;
/** A station sends its health every 60 s; one that has not for this long counts as silent. */
export const lately = `time > now() - 3m AND ${chosen}`;
/** Two sites may have a station of the same name. */
export const perStation = '"site", "station"';
/** The name of a series that is one station's. */
export const stationName = '[[tag_site]] / [[tag_station]]';

/** The columns of a query for the latency of every stage, each named as its stage. */
export function stagePercentiles(percent: 50 | 95): string {
  return latencyStages
    .map((stage) => `percentile("latency_${stage}_ms", ${percent}) AS "${stage}"`)
    .join(', ');
}

/** One line for each group of the query. */
export function series(query: string, alias?: string): Builder<InfluxTarget> {
  return target('time_series', query, alias);
}

/** One table, whose columns are the query's, with the tags that it groups by before them. */
export function rows(query: string): Builder<InfluxTarget> {
  return target('table', query);
}

function target(
  resultFormat: InfluxTarget['resultFormat'],
  query: string,
  alias?: string,
): Builder<InfluxTarget> {
  return {
    build: () => ({
      refId: '',
      datasource,
      query,
      rawQuery: true,
      resultFormat,
      ...(alias !== undefined && { alias }),
      _implementsDataqueryVariant: () => {},
    }),
  };
}
