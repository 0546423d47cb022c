import { systemClock } from '../lib/clock.ts';
import type { Tuning } from '../vision/tune-file.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { wholeNumber } from './option-values.ts';

interface TuneCommandOptions {
  readonly repeat: number;
  readonly json?: boolean;
}

const defaultRounds = 6;

/** `muster tune`: measure how many threads one inference should have on this machine. */
export const defineTune: DefineVerb = (verb, context) => {
  verb
    .option(
      '--repeat <n>',
      'rounds, in each of which every number has five photos, 1 to 100',
      wholeNumber(1, 100),
      defaultRounds,
    )
    .option('--json', 'print what is written to the file, as JSON')
    .addHelpText(
      'after',
      `
A drawn face in a photo of 1280×720 is analysed with each number of threads in turn, with the settings of the station. The
fastest is chosen, or the least number within 5 % of it, and written to <data_dir>/tuning.json. A station whose
vision.threads is auto takes it from its next start on, as long as processor, number of cores and models are the same.

Stop the station while it runs, for figures that other work does not disturb; or give a running one the command tune over MQTT
(docs/remote.md). Run it as the user that runs the station. The longer story is in docs/tuning.md.

Examples:
  muster tune
  muster --config station.yaml tune --repeat 20 --json`,
    )
    .action((options: TuneCommandOptions) => tune(options, context));
};

async function tune({ repeat: rounds, json }: TuneCommandOptions, context: CommandContext): Promise<void> {
  const config = await context.config();
  const [log, { planThreads }, { readCores }, { tuneHere }, { createProgress }, { tuningFile }] =
    await Promise.all([
      context.log(),
      import('../board/plan.ts'),
      import('../board/topology.ts'),
      import('../remote/commands/tune-here.ts'),
      import('../lib/progress.ts'),
      import('../vision/tune-file.ts'),
    ]);
  const progress = createProgress('rounds', { total: rounds });
  let tuning: Tuning;
  try {
    tuning = await tuneHere(config, {
      rounds,
      clock: systemClock,
      log,
      signal: context.signal,
      progress: () => progress.advance(),
    });
  } finally {
    progress.done();
  }
  if (json === true) {
    context.print(JSON.stringify(tuning));
    return;
  }
  context.print(await tableOf(tuning));
  const set = config.vision.threads;
  const { reason } = planThreads(await readCores());
  context.print(`\nThis board: ${reason}.`);
  context.print(`${tuning.threads} of ${tuning.cores} cores; written to ${tuningFile(config.data_dir)}`);
  context.print(
    set === 'auto'
      ? 'A station takes it from its next start on.'
      : `It does not count while vision.threads is ${set}: set it to auto.`,
  );
}

async function tableOf({ threads: chosen, measured }: Tuning): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const rows = measured.map(({ threads, median_ms, captures_per_s, cpu_s_per_capture }) => [
    threads,
    median_ms.toFixed(1),
    captures_per_s.toFixed(1),
    cpu_s_per_capture.toFixed(3),
    threads === chosen ? 'chosen' : '',
  ]);
  return table(['threads', 'median (ms)', 'captures/s', 'CPU s/capture', ''], rows);
}
