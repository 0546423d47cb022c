import { html, type Html } from '../document/html.ts';
import { colours, figure, fixed, section, table } from '../document/parts.ts';
import { barChart, lineChart, rankChart } from './charts.ts';
import type { ReportData } from './contract.ts';
import { frameOf, legendOf, lineOf, timeTable } from './parts.ts';
import { lengthOf, reasonWords, whenOf } from './words.ts';

/** The sections about decisions: each a chart, its legend, and its numbers beside it. */

export function rateOverTime(data: ReportData): Html {
  const { period, over_time } = data;
  const rate = lineOf(
    data,
    'accept rate',
    colours.good,
    over_time.map(({ at, accept_rate_pct }) => [at, accept_rate_pct]),
  );
  return section(
    'Accept rate over time',
    `Share of captures that were accepted, for each ${lengthOf(period.bucket_minutes)}.`,
    figure(lineChart(frameOf(data, 'Accept rate over time, in per cent', '%'), [rate], [0, 100]), []),
    timeTable(data, ['captures', 'accepted, %'], over_time, (row) => [
      row.captures,
      fixed(row.accept_rate_pct, 1),
    ]),
  );
}

export function checkinsOverTime(data: ReportData): Html {
  const { period, counts } = data;
  const { wall, short } = whenOf(period);
  const minutes = period.counts_per === 'hour' ? 60 : 1440;
  const bars = counts.map(({ at, accepted, rejected }) => ({
    at: wall(at),
    parts: [
      { colour: colours.good, value: accepted },
      { colour: colours.watch, value: rejected },
    ],
  }));
  const frame = frameOf(
    data,
    `Captures per ${period.counts_per}, accepted and rejected`,
    'captures',
    counts[0]?.at,
  );
  return section(
    `Check-ins per ${period.counts_per}`,
    `Accepted captures are check-ins; the rejected stand on top of them.`,
    figure(barChart(frame, minutes * 60_000, bars), [
      ['accepted', colours.good],
      ['rejected', colours.watch],
    ]),
    table(
      [period.counts_per, 'accepted', 'rejected'],
      counts.map(({ at, accepted, rejected }) => [short(at, minutes), accepted, rejected]),
    ),
  );
}

export function reasonsOf({ reasons, summary }: ReportData): Html {
  const rejected = summary.captures - summary.accepted;
  const part = (count: number) => `${((100 * count) / Math.max(1, rejected)).toFixed(0)} %`;
  const ranks = reasons.map(({ reason, count }) => ({
    name: reasonWords[reason],
    value: count,
    text: `${count}`,
  }));
  if (ranks.length === 0)
    return html`<section>
      <h2>Reasons of rejection</h2>
      <p>Nothing was rejected.</p>
    </section>`;
  return section(
    'Reasons of rejection',
    `Why ${rejected.toLocaleString('en')} captures were rejected.`,
    figure(rankChart('Reasons of rejection, in captures', 'captures', colours.watch, ranks), []),
    table(
      ['reason', 'captures', 'share'],
      reasons.map(({ reason, count }) => [reasonWords[reason], count, part(count)]),
    ),
  );
}

export function latencies(data: ReportData): Html[] {
  const { stages, over_time, period } = data;
  const ranks = stages.map(({ stage, p50_ms, p95_ms }) => ({
    name: stage,
    value: p50_ms,
    beyond: p95_ms,
    text: `${fixed(p50_ms, 1)} / ${fixed(p95_ms, 1)}`,
  }));
  const lines = [
    lineOf(
      data,
      'p50',
      colours.plain,
      over_time.map((row) => [row.at, row.latency_p50_ms]),
    ),
    lineOf(
      data,
      'p95',
      colours.watch,
      over_time.map((row) => [row.at, row.latency_p95_ms]),
    ),
  ];
  return [
    section(
      'Latency per stage',
      'Half of the captures are faster than p50 (the full bar), 95 of 100 faster than p95 (the pale one). total is from the arrival of the capture to the decision.',
      figure(rankChart('Latency per stage, p50 and p95, in milliseconds', 'ms', colours.plain, ranks), []),
      table(
        ['stage', 'p50, ms', 'p95, ms'],
        stages.map(({ stage, p50_ms, p95_ms }) => [stage, fixed(p50_ms, 1), fixed(p95_ms, 1)]),
      ),
    ),
    section(
      'Latency over time',
      `From the arrival of the capture to the decision, for each ${lengthOf(period.bucket_minutes)}.`,
      figure(
        lineChart(frameOf(data, 'Latency over time, p50 and p95, in milliseconds', 'ms'), lines),
        legendOf(lines),
      ),
      timeTable(data, ['p50, ms', 'p95, ms'], over_time, (row) => [
        fixed(row.latency_p50_ms, 1),
        fixed(row.latency_p95_ms, 1),
      ]),
    ),
  ];
}

export function similarities(data: ReportData): Html {
  const { over_time } = data;
  const of = (name: string, colour: string, value: (row: ReportData['over_time'][number]) => number | null) =>
    lineOf(
      data,
      name,
      colour,
      over_time.map((row) => [row.at, value(row)]),
    );
  const lines = [
    of('accepted, median', colours.good, (row) => row.accepted_median),
    of('accepted, lowest', colours.plain, (row) => row.accepted_lowest),
    of('unknown, highest', colours.watch, (row) => row.unknown_highest),
    { ...of('threshold', colours.limit, (row) => row.threshold), dashed: true },
  ];
  const lowest = Math.min(0, ...over_time.map(({ unknown_highest }) => unknown_highest ?? 0));
  return section(
    'Similarity over time',
    'To the most similar person of the gallery. A wide gap between the accepted and the unknown is safe; lines that near the threshold tell of worse light, a dirty lens or ageing reference photos.',
    figure(
      lineChart(frameOf(data, 'Similarity over time against the threshold', 'cosine'), lines, [lowest, 1]),
      legendOf(lines),
    ),
    timeTable(data, ['median', 'lowest', 'unknown', 'threshold'], over_time, (row) => [
      fixed(row.accepted_median, 2),
      fixed(row.accepted_lowest, 2),
      fixed(row.unknown_highest, 2),
      fixed(row.threshold, 2),
    ]),
  );
}
