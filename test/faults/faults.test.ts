import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/lib/random.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { startProxy } from '../support/proxy.ts';
import { canMountDisks, smallDisk } from '../support/small-disk.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { createLedger, fullFor, hasFakeTime, startStationUnderFaults, station } from './rig.ts';

/**
 * 20,000 events of a station, whose broker, network, disk, clock and process fail all the while. FAULT_EVENTS makes it shorter.
 */
const events = Number(process.env['FAULT_EVENTS'] ?? 20_000);
const rate = 160;
const root = `muster/1/default/${station}`;

const runs = hasMosquitto && hasFakeTime && canMountDisks;
const missing = hasMosquitto
  ? 'skipped: libfaketime is not installed, or no disk can be mounted'
  : withoutMosquitto;
const title = (text: string) => (runs ? text : `${text} (${missing})`);

type Fault = readonly [name: string, cause: () => Promise<void>];

async function scene(delivery: 'broker' | 'application', settings: readonly string[]) {
  const broker = await startMosquitto([
    'allow_anonymous true',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    ...settings,
  ]);
  const proxy = await startProxy(broker.port);
  const disk = await smallDisk(48);
  const under = await startStationUnderFaults({
    dir: await temporaryFolder(),
    events,
    rate,
    env: {
      MUSTER_DATA_DIR: disk.dir,
      MUSTER_MQTT__URL: `mqtt://127.0.0.1:${proxy.port}`,
      MUSTER_MQTT__KEEPALIVE_S: '5',
      MUSTER_MQTT__CONNECT_TIMEOUT_S: '3',
      MUSTER_MQTT__RECONNECT_MIN_MS: '100',
      MUSTER_MQTT__RECONNECT_MAX_MS: '1000',
      MUSTER_OUTBOX__DELIVERY: delivery,
      MUSTER_OUTBOX__ACK_TIMEOUT_S: '2',
      MUSTER_DECISION__COOLDOWN_S: '0',
    },
  });
  const faults: readonly Fault[] = [
    ['the broker is killed', () => broker.restart('SIGKILL')],
    ['the connection is cut', () => Promise.resolve(proxy.cut())],
    [
      'the broker is paused',
      () =>
        paused(
          () => broker.signal('SIGSTOP'),
          () => broker.signal('SIGCONT'),
          4_000,
        ),
    ],
    ['the connection is cut within a message', () => Promise.resolve(proxy.cutWithinMessage())],
    ['the station is killed', () => under.restart()],
    ['the clock steps back', () => under.stepClock(-3_600)],
    ['the disk is full', () => fullFor(3_000, disk)],
    [
      'the link is slow',
      () =>
        paused(
          () => proxy.throttle(30_000),
          () => proxy.throttle(null),
          4_000,
        ),
    ],
    ['the clock steps forward', () => under.stepClock(90_000)],
    [
      'the network swallows everything',
      () =>
        paused(
          () => proxy.swallow(true),
          () => proxy.swallow(false),
          9_000,
        ),
    ],
    ['the broker ends and comes back', () => broker.restart('SIGTERM')],
    [
      'nobody takes connections',
      () =>
        paused(
          () => proxy.refuse(true),
          () => proxy.refuse(false),
          3_000,
        ),
    ],
  ];
  return { broker, under, faults };
}

async function paused(begin: () => void, end: () => void, ms: number): Promise<void> {
  begin();
  await sleep(ms);
  end();
}

/** One fault after the other, in order and over again, until the station is done. Returns how often each came. */
async function harm(faults: readonly Fault[], done: Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const random = seededRandom(3);
  const counts = new Map<string, number>();
  let over = false;
  void done.then(() => (over = true));
  for (let i = 0; !over; i += 1) {
    const [name, cause] = faults[i % faults.length]!;
    await Promise.race([sleep(500 + 1_500 * random()), done]);
    if (over) break;
    await cause();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

it.skipIf(!runs)(
  title(`loses none of ${events} events under faults where the broker keeps them (delivery: broker)`),
  { timeout: 900_000 },
  async () => {
    const folder = await temporaryFolder();
    const persistence = ['persistence true', `persistence_location ${folder}/`];
    const { broker, under, faults } = await scene('broker', [
      ...persistence,
      'autosave_on_changes true',
      'autosave_interval 1',
    ]);
    const ledger = createLedger();
    const client = await connectAsync(broker.url, {
      protocolVersion: 5,
      clientId: 'consumer',
      clean: false,
      properties: { sessionExpiryInterval: 3_600 },
      reconnectPeriod: 20,
    });
    onTestFinished(() => void client.end(true));
    client.on('error', () => undefined);
    client.on('message', (_, payload) => ledger.take(JSON.parse(payload.toString()) as CheckinEvent));
    await client.subscribeAsync(`${root}/checkin`, { qos: 1 });

    const counts = await harm(faults, under.done());
    expect(await under.done(), under.errors().join('')).toBe(0);
    // A short run may end before it comes to that.
    const diskFailed = under.errors().join('').includes('could not be written to disk');
    expect(diskFailed).toBe(counts.has('the disk is full'));
    await eventually('every event', () => ledger.count() >= events, 60_000);
    console.log(`${ledger.arrived()} arrivals of ${ledger.count()} events under`, Object.fromEntries(counts));
    expect(ledger.count()).toBe(events);
    expect(ledger.isInOrder()).toBe(true);
  },
);

it.skipIf(!runs)(
  title(`loses none of ${events} events under faults where the broker forgets them (delivery: application)`),
  { timeout: 900_000 },
  async () => {
    const { broker, under, faults } = await scene('application', ['persistence false']);
    const ledger = createLedger();
    let next = 1;
    let stream = '';
    const client = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 20 });
    onTestFinished(() => void client.end(true));
    client.on('error', () => undefined);
    client.on(
      'connect',
      () => void client.subscribeAsync(`${root}/checkin`, { qos: 1 }).catch(() => undefined),
    );
    // Takes events in order only: what comes before its turn comes again.
    client.on('message', (_, payload) => {
      const event = JSON.parse(payload.toString()) as CheckinEvent;
      if (event.stream !== stream) [stream, next] = [event.stream, 1];
      if (event.seq > next) return;
      if (event.seq === next) next += 1;
      ledger.take(event);
      client.publish(`${root}/ack`, JSON.stringify({ stream, seqs: [[event.seq, event.seq]] }), { qos: 1 });
    });
    await client.subscribeAsync(`${root}/checkin`, { qos: 1 });

    const counts = await harm(faults, under.done());
    expect(await under.done(), under.errors().join('')).toBe(0);
    // A short run may end before it comes to that.
    const diskFailed = under.errors().join('').includes('could not be written to disk');
    expect(diskFailed).toBe(counts.has('the disk is full'));
    console.log(`${ledger.arrived()} arrivals of ${ledger.count()} events under`, Object.fromEntries(counts));
    expect(ledger.count()).toBe(events);
    expect(ledger.isInOrder()).toBe(true);
  },
);
