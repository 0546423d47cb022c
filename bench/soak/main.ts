import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgress } from '../../src/lib/progress.ts';
import { describeMachine } from '../../src/bench/machine.ts';
import { soakChart } from './chart.ts';
import { soak } from './soak.ts';
import { verdictOf } from './verdict.ts';
import { wholeNumber } from '../../src/commands/option-values.ts';
import { programOf, runProgram } from '../program.ts';

/** `npm run soak`: whether a station is after thousands of captures what it was after hundreds. */

const program = programOf(
  'soak',
  `Runs a station at full speed while its gallery grows, its broker comes and goes, and every job of the upkeep runs again and again;
compares its memory, its open files and its disk after the warm-up (a tenth of the captures) with those at the end.
Exit status 1 where something was lost or grew.`,
)
  .option('--captures <n>', 'captures', wholeNumber(100), 20_000)
  .option('--outages <n>', 'times in which the broker is away', wholeNumber(0), 10)
  .option('--enrol-every <n>', 'captures from one new template to the next', wholeNumber(1), 20)
  .option('--chart <file>', 'also draw a chart, SVG')
  .option('--json', 'print one JSON document with every sample');

interface Options {
  readonly captures: number;
  readonly outages: number;
  readonly enrolEvery: number;
  readonly chart?: string;
  readonly json?: boolean;
}

/** Room for kept photos, MiB. */
const keptMb = 16;
/** Beside them: store, gallery and models' notes; and the photos that are kept from one look to the next. */
const diskMb = keptMb + 48;
const mostGrowthPct = 2;

await runProgram(program, main);

async function main({ captures, outages, enrolEvery, chart, json }: Options): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-soak-'));
  const progress = createProgress('captures', { total: captures });
  let shown = 0;
  try {
    const result = await soak({
      dir,
      captures,
      outages,
      enrolEvery,
      keptMb,
      onProgress(done) {
        progress.advance(done - shown);
        shown = done;
      },
    });
    progress.done();
    const verdict = verdictOf(result);
    const spanOf = ([after, end]: readonly [number, number]) => `${after.toFixed(1)} and ${end.toFixed(1)}`;
    const failures = [
      ...(result.lost > 0 ? [`${result.lost} captures were lost`] : []),
      ...(result.doubled > 0 ? [`${result.doubled} captures were decided twice`] : []),
      ...(verdict.rssGrowthPct < mostGrowthPct
        ? []
        : [`the memory grew by ${verdict.rssGrowthPct.toFixed(2)} %`]),
      ...(verdict.handles[0] === verdict.handles[1] ? [] : ['the number of handles changed']),
      ...(verdict.diskMaxMb < diskMb ? [] : [`the disk took ${verdict.diskMaxMb.toFixed(0)} MiB`]),
      ...(result.status === 0 ? [] : [`the station ended with status ${result.status}`]),
    ];
    const title = `${result.captures} captures at ${(result.captures / result.seconds).toFixed(0)}/s, ${result.outages} outages of the broker (shaded), ${result.templates} templates at the end`;
    if (chart !== undefined) await writeFile(chart, soakChart(result.samples, title));
    if (json)
      process.stdout.write(
        `${JSON.stringify({ ...result, verdict, machine: describeMachine() }, null, 2)}\n`,
      );
    else {
      const lines = [
        title,
        `lost ${result.lost}, decided twice ${result.doubled}`,
        `memory (RSS) after the warm-up and at the end ${spanOf(verdict.rssMb)} MB: ${verdict.rssGrowthPct.toFixed(2)} %`,
        `of which the main thread's heap ${spanOf(verdict.heapMb)} MB, buffers outside of it ${spanOf(verdict.externalMb)} MB`,
        `open files and sockets ${verdict.handles[0]}, ${verdict.handles[1]}`,
        `disk at the most ${verdict.diskMaxMb.toFixed(1)} MiB, of which ${keptMb} are for kept photos`,
        ...result.errors.slice(0, 5),
        ...failures.map((failure) => `FAILED: ${failure}`),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
