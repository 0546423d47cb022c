import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../demo/free-port.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { createProgress } from '../../src/lib/progress.ts';
import { startServedStation } from './station.ts';
import { assault } from './assault.ts';
import type { ProbeAnswer } from './probe.ts';

/** `npm run hostile`: 10,000 hostile requests to a station of its own, which must neither fail nor grow. */

const help = `Usage: npm run hostile -- [--requests <n>]

Sends hostile requests (huge, slow, malformed, cut, traversal, headers, forms, templates) to a station and tells how they were
answered, what memory it took, and whether it still works. Default: 10,000, which take some minutes.
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`hostile: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '10000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const requests = Number(values.requests);
  if (!Number.isInteger(requests) || requests < 1) throw new Error('--requests takes a whole number');

  const dir = await mkdtemp(join(tmpdir(), 'muster-hostile-'));
  const port = await freePort();
  const station = await startServedStation(port, {
    ...process.env,
    MUSTER_DATA_DIR: join(dir, 'data'),
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '0',
  });
  const progress = createProgress('requests', { total: requests });
  try {
    const before = await station.ask('reset');
    let answered = 0;
    let half: Promise<ProbeAnswer> | undefined;
    const { outcomes, wrong } = await assault(port, requests, () => {
      progress.advance();
      answered += 1;
      if (answered === Math.ceil(requests / 2)) half = station.ask('read');
    });
    progress.done();
    const halfway = await half;
    const after = await station.ask('read');
    const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/health`);
    const mb = (answer?: ProbeAnswer) => `${Math.round(answer?.rss_peak_mb ?? NaN)} MB`;
    const answers = Object.entries(outcomes).map(([outcome, count]) => `${outcome}: ${count}`);
    process.stdout.write(
      `${requests} hostile requests\n` +
        `answers   ${answers.join(', ')}\n` +
        `memory    at most ${mb(before)} before, ${mb(halfway)} in the first half, ${mb(after)} in all\n` +
        `event loop p99 ${after.event_loop_ms.p99.toFixed(1)} ms, of which 10 are the sampling\n` +
        `afterwards /api/v1/health answers ${status}\n`,
    );
    for (const each of wrong.slice(0, 10)) process.stdout.write(`WRONG ${each}\n`);
    if (wrong.length > 0 || status !== 200) process.exitCode = 1;
  } finally {
    await station.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
