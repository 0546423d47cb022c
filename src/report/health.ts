import type { EpochMs } from '../lib/clock.ts';
import { html, type Html } from '../document/html.ts';
import { colours, figure, fixed, section, table, type Cell } from '../document/parts.ts';
import { lineChart, type Line } from './charts.ts';
import type { ReportData, StationHealth } from './contract.ts';
import { frameOf, legendOf, lineOf } from './parts.ts';
import { lengthOf, whenOf } from './words.ts';

/** As many as can be told apart. */
const palette = Array.from({ length: 8 }, (_, index) => `var(--c${index + 1})`);

export function stationTable({ per_station, period }: ReportData): Html {
  const { short } = whenOf(period);
  const rows = per_station.map((one): Cell[] => [
    `${one.site} / ${one.station}`,
    one.captures,
    fixed(one.accept_rate_pct, 1),
    fixed(one.similarity_median, 2),
    fixed(one.latency_p50_ms, 0),
    fixed(one.latency_p95_ms, 0),
    fixed(one.cpu_temp_max_c, 0),
    fixed(one.throttled_pct, 1),
    one.outbox_max,
    one.last_seen === null ? null : short(one.last_seen, 1),
  ]);
  const head = [
    'station',
    'captures',
    'accepted, %',
    'similarity',
    'p50, ms',
    'p95, ms',
    'max, °C',
    'throttled, %',
    'waiting',
    'last seen',
  ];
  return html`<section>
    <h2>Stations</h2>
    <p class="quiet">
      Similarity is the median of the accepted; waiting is the most events at a time that nobody had
      acknowledged yet. – stands for what a board does not tell.
    </p>
    ${table(head, rows)}
  </section>`;
}

export function healthSections(data: ReportData): Html[] {
  const { period, health } = data;
  if (health.length === 0) return [];
  const many = health.length > palette.length;
  const which = many ? 'the highest of all stations' : 'the highest of each station';
  const of = (value: (point: StationHealth['points'][number]) => number | null): Line[] => {
    if (many) return [lineOf(data, 'highest', colours.plain, highestOfAll(data, value))];
    return health.map(({ site, station, points }, index) =>
      lineOf(
        data,
        `${site} / ${station}`,
        palette[index] ?? colours.plain,
        points.map((point) => [point.at, value(point)]),
      ),
    );
  };
  const part = (
    title: string,
    unit: string,
    lines: readonly Line[],
    words: string,
    range?: readonly [number, number],
  ) => {
    if (lines.every(({ points }) => points.every((point) => point.value === null))) return [];
    const summary = lines.map(({ name, points }): Cell[] => {
      const values = points.flatMap((point) => point.value ?? []);
      return [name, fixed(mean(values), 1), values.length === 0 ? null : Math.max(...values)];
    });
    return [
      section(
        title,
        `${words} For each ${lengthOf(period.bucket_minutes)}, ${which}.`,
        figure(lineChart(frameOf(data, `${title}, ${which}`, unit), lines, range), legendOf(lines)),
        table([`station, ${unit}`, 'mean', 'highest'], summary),
      ),
    ];
  };
  return [
    ...part(
      'Temperature',
      '°C',
      of((point) => point.cpu_temp_c),
      'Of the processor. From 80 °C a Raspberry Pi slows itself down.',
      [30, 90],
    ),
    ...part(
      'Events waiting',
      'events',
      of((point) => point.outbox_depth),
      'Events on the disks of the stations that nobody had acknowledged yet: they wait while the network is down.',
    ),
  ];
}

function highestOfAll(
  { health }: ReportData,
  value: (point: StationHealth['points'][number]) => number | null,
): (readonly [EpochMs, number | null])[] {
  const highest = new Map<EpochMs, number>();
  for (const point of health.flatMap(({ points }) => points)) {
    const found = value(point);
    if (found !== null) highest.set(point.at, Math.max(found, highest.get(point.at) ?? -Infinity));
  }
  return [...highest].toSorted(([a], [b]) => a - b);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
