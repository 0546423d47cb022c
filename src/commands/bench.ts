import { InvalidArgumentError, Option } from 'commander';
import type { BenchReport } from '../bench/contract.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import { keepHeapsSmall } from '../lib/heap.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { wholeNumber } from './option-values.ts';

interface BenchOptions {
  readonly captures: number;
  readonly warmUp: number;
  readonly templates: number;
  readonly size: readonly (readonly [number, number])[];
  readonly faces: readonly number[];
  readonly photos?: string;
  readonly pack?: string;
  readonly mode?: 'exact' | 'fast';
  readonly minFace?: number;
  readonly threads?: number;
  readonly compare?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `muster bench`: how fast this machine checks people in. */
export const defineBench: DefineVerb = (verb, context) => {
  verb
    .option('--captures <n>', 'captures to measure in each scenario', wholeNumber(5, 100_000), 100)
    .option('--warm-up <n>', 'captures before that, which are not counted', wholeNumber(0, 10_000), 10)
    .option('--templates <n>', 'templates in the gallery that is searched', wholeNumber(1, 1_000_000), 1000)
    .option('--size <WxH,…>', 'sizes of the drawn photos', sizes, [[1280, 720]])
    .option('--faces <n,…>', 'faces in a drawn photo', counts, [1])
    .option('--photos <folder>', 'photos of your own instead of drawn ones')
    .option('--pack <name>', 'models, instead of vision.pack')
    .addOption(new Option('--mode <mode>', 'instead of vision.detector.mode').choices(['exact', 'fast']))
    .option('--min-face <px>', 'instead of vision.min_face_px', wholeNumber(20, 2000))
    .option('--threads <n>', 'instead of vision.threads', wholeNumber(1, 64))
    .option('--compare <file>', 'the JSON of an earlier run, whose figures are shown beside these')
    .option('--json', 'print one JSON document')
    .option('--csv', 'print one line for each figure')
    .addHelpText(
      'after',
      `
The parts of a station run in this process on a temporary folder: photos go through the inbox and end as events that the station's own
broker has acknowledged. The vision worker alone has the same photos in turns, so that the difference is what the rest of the
station costs. Vision is set as in the config. Each size is measured with each number of faces.

Stop other work first: a bench shares the processor with it. docs/performance.md explains the figures.

JSON: {"stages": {"<stage>": {"p50_ms", "p95_ms", "p99_ms"}}, "captures_per_s", "ort_share", "event_loop_p99_ms", "rss_mb", …} of the
first scenario, and all of them in "scenarios".

Examples:
  muster bench
  muster bench --json > before.json, and later: muster bench --compare before.json
  muster bench --size 640x480,1280x720,1920x1080 --faces 1,3 --csv
  muster bench --mode exact --min-face 40 --threads 1`,
    )
    .action((options: BenchOptions) => bench(options, context));
};

async function bench(options: BenchOptions, context: CommandContext): Promise<void> {
  // As a station does.
  keepHeapsSmall();
  const config = await context.config();
  const [{ runBench }, { createLog }, { createProgress }, print] = await Promise.all([
    import('../bench/run.ts'),
    import('../lib/log.ts'),
    import('../lib/progress.ts'),
    import('../bench/print.ts'),
  ]);
  const before = options.compare === undefined ? null : await readReport(options.compare);
  const { pack, mode, minFace, threads } = options;
  const { vision } = config;
  const measured = {
    ...config,
    vision: {
      ...vision,
      pack: pack ?? vision.pack,
      min_face_px: minFace ?? vision.min_face_px,
      door: minFace === undefined ? vision.door : { ...vision.door, distance_m: null },
      threads: threads ?? vision.threads,
      detector: { ...vision.detector, mode: mode ?? vision.detector.mode },
    },
  };
  const scenarios = options.photos === undefined ? options.size.length * options.faces.length : 1;
  const progress = createProgress('captures', { total: scenarios * options.captures });
  let report: BenchReport;
  try {
    report = await runBench(measured, {
      ...options,
      photos: options.photos ?? null,
      sizes: options.size,
      clock: systemClock,
      log: createLog('error'),
      signal: context.signal,
      progress: (captures) => progress.advance(captures),
    });
  } finally {
    progress.done();
  }
  if (options.json === true) context.print(JSON.stringify(report, null, 2));
  else if (options.csv === true) context.print(print.csvOf(report));
  else context.print(print.printReport(report));
  // Beside a document for programs, the comparison is for the person who asked.
  if (before !== null) {
    const comparison = print.compareReports(before, report);
    if (options.json === true || options.csv === true) process.stderr.write(`${comparison}\n`);
    else context.print(comparison);
  }
}

async function readReport(file: string): Promise<BenchReport> {
  const [{ readFile }, { benchSchema }] = await Promise.all([
    import('node:fs/promises'),
    import('../bench/contract.ts'),
  ]);
  try {
    return benchSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new MusterError('bench_compare', `${file} is no report of an earlier bench: ${messageOf(error)}`, {
      remedy: 'Make one with `muster bench --json > before.json`.',
      cause: error,
    });
  }
}

function counts(text: string): number[] {
  return text.split(',').map(wholeNumber(1, 50));
}

function sizes(text: string): [number, number][] {
  return text.split(',').map((size) => {
    const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(size) ?? [];
    if (width === undefined || height === undefined)
      throw new InvalidArgumentError('Write sizes as 1280x720, with commas between them.');
    return [Number(width), Number(height)];
  });
}
