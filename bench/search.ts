import { Option } from 'commander';
import { isDeepStrictEqual } from 'node:util';
import type { SubjectId } from '../src/gallery/contract.ts';
import { float32Probe } from '../src/gallery/scan/bounds.ts';
import { createKernel } from '../src/gallery/scan/kernel.ts';
import { createScan, type ScannedTable } from '../src/gallery/scan/scan.ts';
import { search } from '../src/gallery/search.ts';
import { newVectors } from '../src/gallery/template-table.ts';
import { median } from '../src/lib/quantile.ts';
import { seededRandom } from '../src/lib/random.ts';
import { table } from '../src/lib/table.ts';
import type { Embedding } from '../src/vision/contract.ts';
import { toUnitLength } from '../src/vision/embedding.ts';
import { describeMachine } from '../src/bench/machine.ts';
import { wholeNumber } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/** `npm run bench:search`: how long an exact search takes, beside what reading the templates' memory in order takes. */

const program = programOf(
  'bench:search',
  `Searches an invented gallery for the two nearest subjects of a probe: with the int8 scan and exact comparison of what it leaves, with
the float32 scan, and by comparing every template in plain code; and sums up the templates' memory in order, which is as fast as any
float32 scan could be. Every way has its turn in each round; each answer must be the same.`,
)
  .option('--rows <n>', 'templates', wholeNumber(1_000), 100_000)
  .option('--numbers <n>', 'numbers of each', wholeNumber(32), 512)
  .addOption(
    new Option('--kind <kind>', 'clusters: 100 groups of much alike ones')
      .choices(['any', 'clusters'])
      .default('any'),
  )
  .option('--rounds <n>', 'rounds to measure, after 2 to warm up', wholeNumber(3), 15)
  .option('--json', 'print one JSON document');

interface Options {
  readonly rows: number;
  readonly numbers: number;
  readonly kind: 'any' | 'clusters';
  readonly rounds: number;
  readonly json?: boolean;
}

type Settings = Omit<Options, 'json'>;

const probesInTurn = 5;
const warmUp = 2;

await runProgram(program, main);

async function main({ json, ...settings }: Options): Promise<void> {
  const result = await measure(settings);
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : print(result));
}

async function measure(settings: Settings) {
  const { rows, numbers, kind, rounds } = settings;
  const random = seededRandom(1);
  const gallery = invent(settings, random);
  const { memory, layout } = gallery.scan;
  const kernel = createKernel(memory);
  const scan = createScan(gallery);
  const before = performance.now();
  await scan.prepare();
  const codes_ms = performance.now() - before;
  const probes = Array.from({ length: probesInTurn }, () => direction(numbers, random));

  const times: Record<'sum' | 'float32' | 'int8' | 'plain', number[]> = {
    sum: [],
    float32: [],
    int8: [],
    plain: [],
  };
  const timed = async (way: keyof typeof times, work: () => unknown) => {
    const started = performance.now();
    await work();
    times[way].push(performance.now() - started);
  };
  let equal = true;
  for (let round = 0; round < warmUp + rounds; round += 1) {
    if (round === warmUp) for (const way of Object.values(times)) way.length = 0;
    const probe = probes[round % probes.length]!;
    await timed('sum', () => kernel.sum(layout.rows, layout.codes));
    await timed('float32', () => {
      const { bytes, slack } = float32Probe(probe);
      new Uint8Array(memory.buffer).set(bytes, layout.probe);
      // The least that the nearest of any gallery would have: hardly a row is written out.
      return kernel.scanFloat32(layout.rows, numbers, 0, rows, layout.probe, slack, 1, layout.out);
    });
    let found: unknown;
    await timed('int8', async () => ([found] = await scan.searchEach([probe], 2)));
    let wanted: unknown;
    await timed('plain', () => (wanted = search(gallery, probe, 2)));
    equal &&= isDeepStrictEqual(found, wanted);
  }
  const ms = Object.fromEntries(
    Object.entries(times).map(([way, values]) => [way, median(values)]),
  ) as Record<keyof typeof times, number>;
  const ratio = (a: number[], b: number[]) => median(a.map((value, i) => value / b[i]!));
  return {
    machine: describeMachine(),
    rows,
    numbers,
    kind,
    rounds,
    median_ms: ms,
    codes_ms,
    float32_of_sum: ratio(times.sum, times.float32),
    int8_times_float32: ratio(times.float32, times.int8),
    equal_to_plain: equal,
  };
}

function print(result: Awaited<ReturnType<typeof measure>>): string {
  const { median_ms: ms, machine } = result;
  const rows = [
    ['int8 scan and exact comparison', ms.int8.toFixed(2)],
    ['float32 scan', ms.float32.toFixed(2)],
    ['comparing every template in plain code', ms.plain.toFixed(2)],
    ['summing up the memory of the templates', ms.sum.toFixed(2)],
  ];
  return `${result.rows} templates of ${result.numbers} numbers (${result.kind}), ${result.rounds} rounds, ${JSON.stringify(machine)}

${table(['one search for the two nearest', 'median ms'], rows)}

The float32 scan has ${result.float32_of_sum.toFixed(2)} of the speed of summing up, the int8 scan ${result.int8_times_float32.toFixed(1)} times that of the float32 scan (medians of the rounds' ratios).
The codes were made in ${result.codes_ms.toFixed(0)} ms. ${result.equal_to_plain ? 'Every answer was that of the plain code.' : 'AN ANSWER WAS NOT THAT OF THE PLAIN CODE.'}
`;
}

function invent({ rows, numbers, kind }: Settings, random: () => number): ScannedTable {
  const { vectors, scan } = newVectors(rows, numbers);
  if (scan === null)
    throw new Error(
      `${rows} templates of ${numbers} numbers are not scanned: there is no memory, or no kernel for them`,
    );
  const centres = Array.from({ length: 100 }, () => direction(numbers, random));
  for (let row = 0; row < rows; row += 1) {
    const centre = centres[row % centres.length]!;
    const one =
      kind === 'clusters'
        ? toUnitLength(centre.map((value) => value + (random() - 0.5) * 0.02))
        : direction(numbers, random);
    vectors.set(one, row * numbers);
  }
  return {
    dimension: numbers,
    subjects: Array.from({ length: rows }, (_, row) => `s-${String(row).padStart(7, '0')}` as SubjectId),
    starts: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
    numbers: new Uint32Array(rows),
    vectors,
    scan,
  };
}

function direction(numbers: number, random: () => number): Embedding {
  return toUnitLength(Float32Array.from({ length: numbers }, () => random() + random() + random() - 1.5));
}
