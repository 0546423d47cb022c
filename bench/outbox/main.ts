import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { openSession } from '../../src/broker/client.ts';
import type { Session } from '../../src/broker/contract.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { round } from '../../src/lib/round.ts';
import { table } from '../../src/lib/table.ts';
import { createStore } from '../../src/store/store.ts';
import type { Outbox } from '../../src/telemetry/contract.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { median } from '../../src/lib/quantile.ts';
import { describeMachine } from '../../src/bench/machine.ts';
import { inventedEvent } from './event.ts';
import { wholeNumber } from '../../src/commands/option-values.ts';
import { programOf, runProgram } from '../program.ts';

/** `npm run bench:outbox`: how many events become durable in a second, and how fast a backlog is worked off. */

const program = programOf(
  'bench:outbox',
  `Writes invented check-in events into an outbox on the disk of --dir, one durable batch after the other, and with --callers of them
waiting at once; then works a backlog off to the embedded broker in a process of its own, in turns with mqtt.js that
publishes the same payloads from memory with as many on their way (QoS 1).`,
)
  .option('--events <n>', 'events of the backlog', wholeNumber(1), 50_000)
  .option(
    '--in-flight <n>',
    'events on their way to the broker at once, as mqtt.in_flight',
    wholeNumber(1),
    32,
  )
  .option('--callers <n>', 'who write at once', wholeNumber(1), 64)
  .option('--rounds <n>', 'turns', wholeNumber(1), 3)
  .option('--dir <path>', 'a folder on the disk to measure', tmpdir())
  .option('--json', 'print one JSON document');

interface Options {
  readonly events: number;
  readonly inFlight: number;
  readonly callers: number;
  readonly rounds: number;
  readonly dir: string;
  readonly json?: boolean;
}

const topic = 'muster/1/bench/outbox/checkin';
const log = pino({ level: 'silent' });

await runProgram(program, main);

async function main(options: Options): Promise<void> {
  const { events, inFlight, callers, rounds } = options;
  const dir = await mkdtemp(join(options.dir, 'muster-outbox-'));
  const broker = fork(fileURLToPath(new URL('broker.js', import.meta.url)));
  try {
    const url = await urlOf(broker);
    const store = createStore(join(dir, 'store'));
    await store.open();
    const outbox = createOutbox(store, { maxEvents: events * 2, maxBytes: 2 ** 40, whenFull: 'refuse' });
    await outbox.open();

    const rates: Record<'oneByOne' | 'together' | 'drained' | 'raw', number[]> = {
      oneByOne: [],
      together: [],
      drained: [],
      raw: [],
    };
    for (let turn = 0; turn < rounds; turn += 1) {
      const alone = Math.ceil(events / 20);
      rates.oneByOne.push(await appended(outbox, alone, 1));
      rates.together.push(await appended(outbox, events - alone, callers));
      const payloads = (await outbox.read(0, events)).map(({ json }) => json);
      rates.raw.push(await inSession(url, (session) => published(session, payloads, inFlight)));
      rates.drained.push(await inSession(url, (session) => drained(session, outbox, inFlight)));
    }
    await store.close();
    print(options.json === true, { events, inFlight, callers, rates });
  } finally {
    broker.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
}

async function urlOf(broker: ChildProcess): Promise<string> {
  const [url] = (await once(broker, 'message')) as [string];
  return url;
}

/** Events per second that are durable, with so many appends waiting at once. */
async function appended(outbox: Outbox, events: number, callers: number): Promise<number> {
  const started = performance.now();
  let left = events;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const event = inventedEvent();
      await outbox.append([event], [{ key: `decided/${event.event_id}`, value: event.decided_at }]);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return perSecond(events, started);
}

/** Events per second that the broker acknowledged and the outbox gave up. */
async function drained(session: Session, outbox: Outbox, inFlight: number): Promise<number> {
  const events = outbox.stats().depth;
  const started = performance.now();
  const delivery = deliver(session, {
    outbox,
    topic,
    inFlight,
    refusedPauseMs: 1_000,
    confirmedBy: 'broker',
    clock: systemClock,
    log,
  });
  await outbox.drained(new AbortController().signal);
  const rate = perSecond(events, started);
  await session.end();
  await delivery;
  return rate;
}

async function published(session: Session, payloads: readonly string[], inFlight: number): Promise<number> {
  const started = performance.now();
  let next = 0;
  const sender = async () => {
    while (next < payloads.length) {
      await session.publish(topic, payloads[next++]!, { qos: 1, retain: false });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
  return perSecond(payloads.length, started);
}

async function inSession(url: string, work: (session: Session) => Promise<number>): Promise<number> {
  const session = await openSession({
    url,
    version: '3.1.1',
    clientId: 'muster-bench',
    username: null,
    password: null,
    ca: null,
    cert: null,
    key: null,
    keepaliveS: 60,
    connectTimeoutMs: 10_000,
    sessionId: 'bench',
    will: { topic: 'muster/1/bench/outbox/state', payload: '' },
    sessionExpiryS: 0,
    acknowledgeByHand: null,
    onMessage: () => undefined,
    now: Date.now,
  });
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

function perSecond(count: number, started: number): number {
  return Math.round((count * 1000) / (performance.now() - started));
}

interface Measured {
  readonly events: number;
  readonly inFlight: number;
  readonly callers: number;
  readonly rates: Readonly<Record<'oneByOne' | 'together' | 'drained' | 'raw', readonly number[]>>;
}

function print(asJson: boolean, { events, inFlight, callers, rates }: Measured): void {
  const machine = describeMachine();
  const ratios = rates.drained.map((rate, turn) => round(rate / rates.raw[turn]!, 2));
  if (asJson) {
    const document = {
      machine,
      events,
      in_flight: inFlight,
      callers,
      events_per_s: rates,
      drain_ratio: ratios,
    };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const row = (what: string, values: readonly number[]) => [what, median(values), ...values];
  const turns = ratios.map((_, turn) => `turn ${turn + 1}`);
  process.stdout
    .write(`${machine.cpu}, ${machine.cores} cores, ${machine.platform}, node ${machine.node}, muster ${machine.muster}

${table(
  ['events per second', 'median', ...turns],
  [
    row('durable, one after the other', rates.oneByOne),
    row(`durable, ${callers} at once`, rates.together),
    row(`backlog of ${events} drained, ${inFlight} in flight`, rates.drained),
    row(`mqtt.js alone, QoS 1, ${inFlight} in flight`, rates.raw),
    row('drained / mqtt.js alone', ratios),
  ],
)}
`);
}
