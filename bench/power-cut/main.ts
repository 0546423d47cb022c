import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/lib/errors.ts';
import { createProgress } from '../../src/lib/progress.ts';
import { canTrace, cutPower } from './power-cut.ts';

/** `npm run power-cut`: what a power cut costs. */

const help = `Usage: npm run power-cut -- [options]

Records every write, sync and rename of a station under load (with strace), makes of it what a power cut at random moments would have left
on the disk, and starts a station on each. Exit status 1 where one does not start, or something is missing that was acknowledged.

Options:
  --cuts <n>       power cuts (default 200)
  --captures <n>   captures while it is recorded (default 600)
  --seed <n>       of the moments, and of what of the unsynced gets to the disk (default: another each time)
  --help           print this help
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`power-cut: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cuts: { type: 'string', default: '200' },
      captures: { type: 'string', default: '600' },
      seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const [cuts, captures, seed] = [values.cuts, values.captures, values.seed].map(Number) as [
    number,
    number,
    number,
  ];
  if (![cuts, captures, seed].every((value) => Number.isInteger(value) && value >= 0))
    throw new Error('--cuts, --captures and --seed take whole numbers');
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
