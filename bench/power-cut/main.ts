import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgress } from '../../src/lib/progress.ts';
import { canTrace, cutPower } from './power-cut.ts';
import { wholeNumber } from '../../src/commands/option-values.ts';
import { programOf, runProgram } from '../program.ts';

/** `npm run power-cut`: what a power cut costs. */

const program = programOf(
  'power-cut',
  `Records every write, sync and rename of a station under load (with strace), makes of it what a power cut at random moments would have left
on the disk, and starts a station on each. Exit status 1 where one does not start, or something is missing that was acknowledged.`,
)
  .option('--cuts <n>', 'power cuts', wholeNumber(0), 200)
  .option('--captures <n>', 'captures while it is recorded', wholeNumber(0), 600)
  .option(
    '--seed <n>',
    'of the moments, and of what of the unsynced gets to the disk (default: another each time)',
    wholeNumber(0),
  );

interface Options {
  readonly cuts: number;
  readonly captures: number;
  readonly seed?: number;
}

await runProgram(program, main);

async function main({ cuts, captures, seed = Date.now() % 1_000_000 }: Options): Promise<void> {
  if (!canTrace) throw new Error('strace is not installed, or may not trace (on Debian: apt install strace)');
  const dir = await mkdtemp(join(tmpdir(), 'muster-power-cut-'));
  const progress = createProgress('power cuts', { total: cuts });
  try {
    const result = await cutPower({ dir, cuts, captures, seed, onProgress: () => progress.advance() });
    progress.done();
    const { calls, missing } = result;
    process.stdout.write(
      `${cuts} power cuts within ${calls} calls to files and ${result.captures} captures (seed ${seed}): ${missing.length === 0 ? 'each started, nothing acknowledged was missing' : `${missing.length} faults`}\n`,
    );
    for (const what of missing.slice(0, 20)) process.stdout.write(`${what}\n`);
    if (missing.length > 0) process.exitCode = 1;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
