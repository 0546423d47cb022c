import { Agent } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../demo/free-port.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { table } from '../../src/lib/table.ts';
import { quantile } from '../../src/lib/quantile.ts';
import { describeMachine } from '../../src/bench/machine.ts';
import { startServedStation } from './station.ts';
import { formOf, runClients, type Turn } from './load.ts';
import { numberWithin } from '../../src/commands/option-values.ts';
import { programOf, runProgram } from '../program.ts';

/** `npm run bench:http`: how many pairs of photos a station compares over HTTP, and how it fares when too many ask. */

const program = programOf(
  'bench:http',
  `Starts a station of its own and has clients compare two portraits with POST /photo_match, each again and again. Vision is set
as for a station, by MUSTER_VISION__… variables.`,
)
  .option('--seconds <n>', 'of each turn', numberWithin(1), 15)
  .option('--json', 'print one JSON document');

interface Options {
  readonly seconds: number;
  readonly json?: boolean;
}

const clientCounts = [1, 8, 64];

await runProgram(program, main);

async function main({ seconds, json }: Options): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const port = await freePort();
  const station = await startServedStation(port, {
    ...process.env,
    MUSTER_DATA_DIR: join(dir, 'data'),
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '0',
  });
  const agent = new Agent({ keepAlive: true });
  try {
    const photos = { reference: await portraits.alice(), sample: await portraits.aliceAgain() };
    const load = {
      ...formOf(photos),
      url: `http://127.0.0.1:${port}/photo_match`,
      agent,
      random: seededRandom(1),
    };
    await runClients({ ...load, clients: 2, seconds: 2 });
    const turns = [];
    for (const clients of clientCounts) {
      await station.ask('reset');
      const turn = await runClients({ ...load, clients, seconds });
      turns.push(figuresOf(turn, (await station.ask('read')).event_loop_ms.p99));
    }
    const { rss_peak_mb } = await station.ask('read');
    const report = { machine: describeMachine(), turns, rss_peak_mb: Math.round(rss_peak_mb) };
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : printed(report));
    if (turns.some(({ errors }) => errors.length > 0)) process.exitCode = 1;
  } finally {
    agent.destroy();
    await station.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf({ clients, seconds, latencies, refused, errors }: Turn, loopP99Ms: number) {
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (share: number) => (sorted.length === 0 ? null : Math.round(quantile(sorted, share)));
  return {
    clients,
    answered: latencies.length,
    per_s: Math.round((10 * latencies.length) / seconds) / 10,
    p50_ms: at(0.5),
    p99_ms: at(0.99),
    refused,
    errors: [...new Set(errors)],
    event_loop_p99_ms: Math.round(loopP99Ms * 10) / 10,
  };
}

function printed({
  machine,
  turns,
  rss_peak_mb,
}: {
  machine: object;
  turns: readonly Figures[];
  rss_peak_mb: number;
}): string {
  const head = ['clients', 'answered/s', 'p50 ms', 'p99 ms', '200', '503', 'other', 'event loop p99 ms'];
  const rows = turns.map((turn) => [
    turn.clients,
    turn.per_s,
    turn.p50_ms ?? '-',
    turn.p99_ms ?? '-',
    turn.answered,
    turn.refused,
    turn.errors.length === 0 ? 'none' : turn.errors.join(', '),
    turn.event_loop_p99_ms,
  ]);
  const about = Object.values(machine).join(', ');
  return `${about}\n\n${table(head, rows)}\n\nThe event loop is looked at every 10 ms, which is a part of its figure. Memory at the most: ${rss_peak_mb} MB.\n`;
}
