import type { EpochMs } from '../../src/lib/clock.ts';

/** What Grafana's InfluxDB data source makes of a query before it sends it, as far as our dashboards use it. */

export interface GrafanaView {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** The panel's interval: of the time range and its width, but not below its own least one. */
  readonly intervalMs: number;
  /** What is chosen above the dashboard; `all` is the variable's own pattern for all. */
  readonly variables: Readonly<Record<string, readonly string[] | { readonly all: string }>>;
}

/** Throws where something is left that only Grafana could have known. */
export function asGrafanaSends(query: string, { from, to, intervalMs, variables }: GrafanaView): string {
  const sent = query
    .replaceAll('$timeFilter', `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll('$__interval', `${intervalMs}ms`)
    .replaceAll(/\$\{(\w+):regex\}/g, (_, name: string) => asRegex(variables[name], name));
  if (/\$(?!\/)/.test(sent)) throw new Error(`not substituted: ${sent}`);
  return sent;
}

/** Grafana's format `regex`: escaped, and in brackets where there are several; a pattern for all is left as it is. */
function asRegex(value: GrafanaView['variables'][string] | undefined, name: string): string {
  if (value === undefined) throw new Error(`there is no variable ${name}`);
  if (!Array.isArray(value)) return (value as { all: string }).all;
  const escaped = (value as readonly string[]).map((one) => one.replaceAll(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
  return escaped.length === 1 ? `${escaped[0]}` : `(${escaped.join('|')})`;
}

/** The milliseconds of `15m` and the like. */
export function millisecondsOf(interval: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(interval) ?? [];
  const each = { s: 1000, m: 60_000, h: 3_600_000 }[unit ?? ''];
  if (each === undefined) throw new Error(`no interval: ${interval}`);
  return Number(count) * each;
}
