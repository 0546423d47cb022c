import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/lib/errors.ts';
import { createProgress } from '../src/lib/progress.ts';
import { runLoad } from './load.ts';
import { describeMachine } from './machine.ts';
import { loadPhotos } from './photos.ts';
import { printReport } from './print.ts';
import { createReport } from './report.ts';

/**
 * `npm run bench`: how fast this machine checks people in. The program's own station is given captures at full speed, and the vision
 * worker alone the same photos: what lies between the two is what the rest of the station costs.
 */

const help = `Usage: npm run bench -- [options]

Measures a station under full load: captures per second, the time of each stage, event-loop delay and memory, beside the
vision worker alone with the same photos. Vision is set as for a station, by MUSTER_VISION__… variables.

Options:
  --captures <n>  captures to measure, after a warm-up of 10 (default 300)
  --photos <dir>  folder with the photos to use (default: sample photos, 1280×720, a few faces each)
  --json          print one JSON document
  --help          print this help
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      captures: { type: 'string', default: '300' },
      photos: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const captures = Number(values.captures);
  if (!Number.isInteger(captures) || captures < 10)
    throw new Error('--captures takes a whole number from 10 on');

  const photos = await loadPhotos(values.photos);
  const dir = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const progress = createProgress('captures', { total: 2 * captures });
  try {
    const load = await runLoad(dir, photos, captures, (count) => progress.advance(count));
    progress.done();
    const report = createReport(load, describeMachine(), photos.length);
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
