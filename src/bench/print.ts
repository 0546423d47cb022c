import { table } from '../lib/table.ts';
import { type BenchReport, type BenchScenario, benchStages } from './contract.ts';

/** The report as text for a person. */
export function printReport(report: BenchReport): string {
  const { machine, model, threads, captures, warm_up, templates } = report;
  return `${machine.cpu}, ${machine.cores} cores (${threads} threads for inference), ${machine.memory_mb} MB, ${machine.platform}
node ${machine.node}, muster ${machine.muster}, ${model.slice(0, model.indexOf(':') + 9)}, detector ${report.detector_mode}, min face ${report.min_face_px} px
${captures} captures each after ${warm_up} of warm-up, gallery of ${templates} templates

${report.scenarios.map(printScenario).join('\n\n')}
`;
}

function printScenario(scenario: BenchScenario): string {
  const { stages } = scenario;
  const times = table(
    ['ms', 'p50', 'p95', 'p99'],
    benchStages.map((stage) => [stage, ...Object.values(stages[stage])]),
  );
  return `${scenario.photo}, faces found: ${scenario.faces}
${times}

station ${scenario.captures_per_s} captures/s, its worker alone ${scenario.worker_captures_per_s} (share ${scenario.station_share})
inside ONNX Runtime ${percent(scenario.ort_share)} of the worker's time, ${percent(scenario.detect_ort_share)} of the detection's
processor ${scenario.cpu_s_per_capture} s a capture; main thread held up ${scenario.event_loop_p99_ms} ms (p99); memory ${scenario.rss_mb} MB
a frame whose faces are followed takes ${percent(scenario.tracked_share)} of one that is searched`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** One line for each stage of each scenario, then its other figures, with a head line. */
export function csvOf(report: BenchReport): string {
  const lines = report.scenarios.flatMap(({ photo, stages, ...figures }) => [
    ...benchStages.flatMap((stage) =>
      Object.entries(stages[stage]).map(
        ([name, value]) => `${photo},${figures.faces},${stage}.${name},${value}`,
      ),
    ),
    ...Object.entries(figures).map(([name, value]) => `${photo},${figures.faces},${name},${value}`),
  ]);
  return ['photo,faces,figure,value', ...lines].join('\n');
}

/** The figures of an earlier run of the same scenarios beside these, and this run's share of them. */
export function compareReports(before: BenchReport, now: BenchReport): string {
  const rows = now.scenarios.flatMap((scenario) => {
    const same = before.scenarios.find(
      ({ photo, faces }) => photo === scenario.photo && faces === scenario.faces,
    );
    if (same === undefined) return [];
    const figures = figuresOf(scenario);
    const earlier = new Map(figuresOf(same));
    return figures.map(([name, value]) => {
      const was = earlier.get(name) ?? 0;
      return [scenario.photo, name, was, value, was === 0 ? '' : (value / was).toFixed(2)];
    });
  });
  if (rows.length === 0) return 'The earlier run has none of these photos.';
  return table(['photo', 'figure', 'before', 'now', 'now/before'], rows);
}

/** Every number of a scenario; of the stages the medians. */
function figuresOf({ stages, ...figures }: BenchScenario): [string, number][] {
  return [
    ...benchStages.map((stage): [string, number] => [`${stage} p50_ms`, stages[stage].p50_ms]),
    ...Object.entries(figures).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  ];
}
