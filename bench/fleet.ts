import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { freePort } from '../demo/free-port.ts';
import type { BridgeHealthPayload } from '../src/bridge/payloads.ts';
import { packageRoot } from '../src/lib/package.ts';
import { quantile } from '../src/lib/quantile.ts';
import { describeMachine } from '../src/bench/machine.ts';
import { wholeNumber, numberWithin } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/**
 * `npm run bench:fleet`: a fleet of virtual stations, Mosquitto, bridges and VictoriaMetrics on one machine. First the load that was asked
 * for, then the pace at which the bridges work off what has piled up without them.
 */

const program = programOf(
  'bench:fleet',
  `How many events a bridge takes from many virtual stations. Needs the programs mosquitto and victoria-metrics.`,
)
  .option('--stations <n>', 'virtual stations', wholeNumber(1, 1000), 200)
  .option('--rate <n>', 'captures per second and station', numberWithin(0.0001, 1000), 1)
  .option('--duration <s>', 'seconds of load', wholeNumber(1), 300)
  .option('--bridges <n>', 'bridges, in a shared subscription when there are several', wholeNumber(1), 1)
  .option('--backlog <n>', 'events that pile up for the second part', wholeNumber(1), 20_000);

interface Options {
  readonly stations: number;
  readonly rate: number;
  readonly duration: number;
  readonly bridges: number;
  readonly backlog: number;
}

const muster = join(packageRoot, 'bin/muster.js');
const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
const clockTicksPerSecond = 100;

interface Surroundings {
  readonly dir: string;
  readonly broker: string;
  readonly database: string;
  readonly env: NodeJS.ProcessEnv;
}

interface RunningBridge {
  readonly child: ChildProcess;
  readonly name: string;
}

await runProgram(program, main);

async function main(options: Options): Promise<void> {
  const { stations, rate, duration, bridges } = options;
  const dir = await mkdtemp(join(tmpdir(), 'muster-fleet-'));
  const children: ChildProcess[] = [];
  try {
    const around = await startServers(dir, children);
    const result = await underLoad(around, children, bridges, { stations, rate, duration });
    const drained = await backlog(around, children, bridges, options.backlog);
    process.stdout.write(
      `${JSON.stringify({ machine: describeMachine(), ...result, backlog: drained }, null, 2)}\n`,
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
}

async function startServers(dir: string, children: ChildProcess[]): Promise<Surroundings> {
  const [mqttPort, databasePort] = [await freePort(), await freePort()];
  const conf = join(dir, 'mosquitto.conf');
  const user = process.getuid?.() === 0 ? 'user root\n' : '';
  const queue = 'max_queued_messages 0\nmax_inflight_messages 1000\n';
  await writeFile(conf, `${user}listener ${mqttPort} 127.0.0.1\nallow_anonymous true\n${queue}`);
  children.push(started('mosquitto', ['-c', conf]));
  children.push(
    started('victoria-metrics', [
      `-storageDataPath=${join(dir, 'victoria')}`,
      `-httpListenAddr=127.0.0.1:${databasePort}`,
      '-dedup.minScrapeInterval=1ms',
      '-search.latencyOffset=0s',
    ]),
  );
  const broker = `mqtt://127.0.0.1:${mqttPort}`;
  const database = `http://127.0.0.1:${databasePort}`;
  await until('the servers', async () => (await fetch(`${database}/health`).catch(() => null))?.ok === true);
  const env = {
    ...process.env,
    MUSTER_DATA_DIR: join(dir, 'data'),
    MUSTER_MQTT__URL: broker,
    MUSTER_INFLUX__URL: database,
    MUSTER_TELEMETRY__HEALTH_S: '5',
    MUSTER_LOG__LEVEL: 'warn',
  };
  return { dir, broker, database, env };
}

async function underLoad(
  around: Surroundings,
  children: ChildProcess[],
  count: number,
  load: { readonly stations: number; readonly rate: number; readonly duration: number },
) {
  const bridges = await startBridges(around, children, count);
  const health = await watchHealth(around.broker);
  const cpuBefore = await cpuSeconds(bridges);
  const begun = performance.now();
  const { stations, rate, duration } = load;
  const fleet = await simulate(around, [
    '--stations',
    `${stations}`,
    '--rate',
    `${rate}`,
    '--duration',
    `${duration}`,
  ]);
  const seconds = (performance.now() - begun) / 1000;
  await until('every event in the database', async () => (await stored(around.database)) >= fleet.captures);
  const cpu = ((await cpuSeconds(bridges)) - cpuBefore) / seconds;
  const rss = await Promise.all(bridges.map(({ child }) => residentMb(child)));
  // The health that tells of the last seconds.
  await sleep(6_000);
  const told = health();
  const p99s = told
    .flatMap(({ delay_ms }) => (delay_ms === null ? [] : [delay_ms.p99]))
    .toSorted((a, b) => a - b);
  const last = new Map(told.map((each) => [each.bridge, each]));
  const messages = [...last.values()].reduce((sum, { totals }) => sum + totals.messages, 0);
  for (const { child } of bridges) await stopped(child);
  return {
    load,
    events: fleet.captures,
    events_in_database: await stored(around.database),
    messages,
    messages_per_s: messages / seconds,
    share_of_each_bridge: [...last.values()].map(({ totals }) => totals.messages / messages),
    delay_p99_ms: { median: quantile(p99s, 0.5), worst: p99s.at(-1) },
    bridge_cpu_cores: cpu,
    bridge_rss_mb: rss,
    bridge_event_loop_p99_ms: Math.max(...told.map(({ event_loop_p99_ms }) => event_loop_p99_ms)),
  };
}

/** The bridges' sessions are known to the broker, which keeps what comes while they are away. */
async function backlog(around: Surroundings, children: ChildProcess[], count: number, events: number) {
  const before = await stored(around.database);
  const fleet = await simulate(around, ['--stations', '40', '--rate', '10', '--duration', `${events / 400}`]);
  const begun = performance.now();
  const bridges = await startBridges(around, children, count);
  await until(
    'the backlog in the database',
    async () => (await stored(around.database)) >= before + fleet.captures,
  );
  const seconds = (performance.now() - begun) / 1000;
  for (const { child } of bridges) await stopped(child);
  return { events: fleet.captures, seconds, events_per_s: fleet.captures / seconds };
}

async function startBridges(
  around: Surroundings,
  children: ChildProcess[],
  count: number,
): Promise<RunningBridge[]> {
  const bridges = Array.from({ length: count }, (_, i) => {
    const name = `bench-${i + 1}`;
    const env = {
      ...around.env,
      MUSTER_BRIDGE__NAME: name,
      MUSTER_BRIDGE__HTTP__PORT: '0',
      ...(count > 1 ? { MUSTER_BRIDGE__GROUP: 'bench' } : {}),
    };
    const child = spawn(process.execPath, [muster, 'bridge'], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return { child, name };
  });
  await sleep(1_500);
  return bridges;
}

async function watchHealth(
  broker: string,
): Promise<() => (BridgeHealthPayload & { readonly bridge: string })[]> {
  const client = await connectAsync(broker, { protocolVersion: 5 });
  const told: (BridgeHealthPayload & { readonly bridge: string })[] = [];
  client.on('message', (topic, payload) => {
    told.push({
      ...(JSON.parse(payload.toString()) as BridgeHealthPayload),
      bridge: topic.split('/')[4] ?? '',
    });
  });
  await client.subscribeAsync('muster/1/+/bridge/+/health');
  return () => {
    client.end(true);
    return told;
  };
}

async function simulate({ env }: Surroundings, args: readonly string[]): Promise<{ captures: number }> {
  const child = spawn(process.execPath, [muster, 'simulate', '--json', '--dropouts', '0', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`the fleet ended with status ${status}`);
  return JSON.parse(output) as { captures: number };
}

/** Check-ins in the database. */
async function stored(database: string): Promise<number> {
  const query = new URLSearchParams({ query: 'sum(count_over_time(checkin_seq[1d]))' });
  const answer = (await (await fetch(`${database}/api/v1/query?${query.toString()}`)).json()) as {
    data: { result: { value: [number, string] }[] };
  };
  return Number(answer.data.result[0]?.value[1] ?? 0);
}

async function cpuSeconds(bridges: readonly RunningBridge[]): Promise<number> {
  let ticks = 0;
  for (const { child } of bridges) {
    const text = await readFile(`/proc/${child.pid}/stat`, 'utf8');
    // After the name in brackets: utime and stime are the 12th and 13th [proc(5)].
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / clockTicksPerSecond;
}

async function residentMb({ pid }: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(text)?.[1]) / 1024);
}

function started(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { env: { PATH: path }, stdio: 'ignore' });
  child.on('error', () => process.stderr.write(`bench: the program ${command} is not installed\n`));
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within two minutes: ${what}`);
    await sleep(100);
  }
}
