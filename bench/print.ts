import { table } from '../src/lib/table.ts';
import type { Quantiles, Report } from './report.ts';

/** The report as text for a person. */
export function printReport(report: Report): string {
  const { machine, model, captures, warm_up, photos, station, worker, ratio, turns_ratio } = report;
  const { event_loop_ms: loop } = station;
  const rates = table(
    ['captures per second', 'median', ...turns_ratio.map((_, turn) => `turn ${turn + 1}`)],
    [
      ['station', station.captures_per_s, ...station.turns_captures_per_s],
      ['vision worker alone', worker.captures_per_s, ...worker.turns_captures_per_s],
      ['station / worker', ratio, ...turns_ratio],
    ],
  );
  const alone: Readonly<Record<string, Quantiles>> = worker.latency_ms;
  const stages = table(
    ['stage, ms', 'station p50', 'p95', 'p99', 'worker p50', 'p95', 'p99'],
    Object.entries(station.latency_ms).map(([stage, quantiles]) => [
      stage,
      ...cells(quantiles),
      ...cells(alone[stage]),
    ]),
  );
  return `${machine.cpu}, ${machine.cores} cores (${machine.threads} threads for inference), ${machine.memory_mb} MB, ${machine.platform}
node ${machine.node}, muster ${machine.muster}, ${model.slice(0, model.indexOf(':') + 9)}
${captures} captures after ${warm_up} of warm-up, ${photos} different photos

${rates}

${stages}
(total: without the wait for the captures before)

event loop of the station's main thread: p99 ${loop.p99} ms (target ${loop.target_p99}: ${
    loop.p99 <= loop.target_p99 ? 'met' : 'missed'
  }), p50 ${loop.p50}, max ${loop.max}; an idle one has 10 to 11
memory of the station: ${station.rss_peak_mb} MB at the most
`;
}

function cells(quantiles: Quantiles | undefined): (string | number)[] {
  return quantiles === undefined ? ['', '', ''] : [quantiles.p50, quantiles.p95, quantiles.p99];
}
