import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { createAcks } from '../../src/remote/acks.ts';
import { startRemote } from '../../src/remote/remote.ts';
import { createStore } from '../../src/store/store.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { connectionTo, subscribe, type Validated } from '../support/broker.ts';
import { anEvent } from '../support/events.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

const path = join(packageRoot, 'examples/consumer.js');
const checkin = 'muster/1/default/door-1/checkin';
const ack = 'muster/1/default/door-1/ack';

it('the example has 40 lines at the most, none of them long', async () => {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
});

/** The example as a process, and the ids of the events that it has printed so far, over its restarts. */
function consumerOf(url: string) {
  const printed: string[] = [];
  const errors: string[] = [];
  let stop = () => Promise.resolve<unknown>(null);
  return {
    printed,
    errors,
    stop: () => stop(),
    start() {
      const child = spawn(process.execPath, [path], {
        cwd: packageRoot,
        env: { ...process.env, MQTT_URL: url },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = once(child, 'exit');
      createInterface({ input: child.stdout }).on('line', (line) =>
        printed.push(line.split(' ').at(-1) ?? ''),
      );
      createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
      onTestFinished(() => void child.kill('SIGKILL'));
      stop = async () => {
        child.kill('SIGTERM');
        const [status] = (await exited) as [number | null];
        return status;
      };
    },
  };
}

/** A real session whose broker's answers get lost on the way: what it has taken is sent again. */
function forgetful(session: Session, forgets: (payload: string) => boolean): Session {
  return {
    ...session,
    async publish(topic, payload, options) {
      await session.publish(topic, payload, options);
      if (forgets(payload)) throw new Error('the answer was lost');
    },
  };
}

/** The outbox and the delivery of a station at a Mosquitto, and everything that was published there. */
async function site(delivery: 'broker' | 'application', validate: Validated = 'all') {
  const { url } = await startMosquitto();
  const store = createStore(await temporaryFolder());
  await store.open();
  const outbox = createOutbox(store, { maxEvents: 10_000, maxBytes: 1e9, whenFull: 'refuse' });
  await outbox.open();
  onTestFinished(() => store.close());
  const forgotten = new Set<string>();
  const forgets = (payload: string) => {
    const { event_id: id } = JSON.parse(payload) as { event_id: string };
    return forgotten.size !== forgotten.add(id).size;
  };
  const connection = connectionTo(url);
  startRemote({
    connection,
    features: [createAcks({ topic: ack, outbox, log: silentLog })],
    alerts: createAlerts({ clock: systemClock, log: silentLog }),
  });
  connection.onSession((session) => {
    void deliver(forgetful(session, forgets), {
      outbox,
      topic: checkin,
      inFlight: 8,
      refusedPauseMs: 20,
      confirmedBy: delivery === 'broker' ? 'broker' : { timeoutMs: 1_000, window: 1_000 },
      clock: systemClock,
      log: silentLog,
    });
  });
  const { messages } = await subscribe(url, 'muster/#', { validate });
  const probe = await connectAsync(url);
  onTestFinished(() => void probe.end(true));
  const consumer = consumerOf(url);
  /** Starts the consumer, and waits until it has subscribed. */
  async function startConsumer(id: string) {
    consumer.start();
    const event = { ...anEvent(id), stream: 'probe', seq: 1, replayed: false };
    await eventually('the consumer', async () => {
      await probe.publishAsync('muster/1/default/door-2/checkin', JSON.stringify(event), { qos: 1 });
      return consumer.printed.includes(id);
    });
  }
  const append = async (first: number, last: number) => {
    for (let i = first; i <= last; i += 1) await outbox.append([anEvent(`e${i}`)], []);
  };
  return { connection, outbox, messages, consumer, startConsumer, append, probe };
}

const events = (printed: readonly string[]) => printed.filter((id) => id.startsWith('e'));
const ids = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => `e${first + i}`).toSorted();

const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);

describe.skipIf(!hasMosquitto).each(['broker', 'application'] as const)(
  title('with delivery: %s'),
  (delivery) => {
    it(
      'the example prints each event once, though they come twice, and none is missing when it was away',
      { timeout: 60_000 },
      async () => {
        const here = await site(delivery);
        const { consumer, outbox } = here;
        await here.startConsumer('probe-1');
        await here.append(1, 60);
        await here.connection.start(() => ({ topic: 'x', payload: '' }));
        await eventually('the events', () => ids(1, 60).every((id) => consumer.printed.includes(id)));
        await eventually('an empty outbox', () => outbox.stats().depth === 0);

        expect(await consumer.stop()).toBe(0);
        const printedBefore = events(consumer.printed);
        expect(printedBefore.toSorted()).toEqual(ids(1, 60));
        await here.append(61, 90);
        const sent = () =>
          here.messages.filter(({ topic, payload }) => topic === checkin && /"e90"/.test(payload));
        await eventually('the events of the pause', () => sent().length > 0);
        await here.startConsumer('probe-2');
        await eventually('the events of the pause', () =>
          ids(61, 90).every((id) => consumer.printed.includes(id)),
        );
        await eventually('an empty outbox', () => outbox.stats().depth === 0);
        expect(await consumer.stop()).toBe(0);

        // What it remembers is in its memory: the broker may keep a second copy for it from before its pause.
        const printedAfter = events(consumer.printed).slice(printedBefore.length);
        expect(new Set(printedAfter).size).toBe(printedAfter.length);
        const fresh = printedAfter.filter((id) => !printedBefore.includes(id));
        expect(fresh.toSorted()).toEqual(ids(61, 90));
        // Many did come twice; with those that the consumer acknowledged before, there is no need.
        const published = here.messages.filter(({ topic }) => topic === checkin);
        expect(published.length).toBeGreaterThan(100);
        expect(consumer.errors).toEqual([]);
        // In ranges: fewer acks than events.
        const acks = here.messages.filter(({ topic }) => topic === ack);
        expect(acks.length).toBeGreaterThan(0);
        expect(acks.length).toBeLessThan(90);
      },
    );
  },
);

it.skipIf(!hasMosquitto)(title('the example passes over what is no event, and goes on'), async () => {
  const { consumer, startConsumer, probe } = await site('broker', false);
  await startConsumer('one');
  for (const payload of ['', 'x', 'null', '[]'])
    await probe.publishAsync('muster/1/default/door-1/checkin', payload);
  await eventually('its words on three of them', () => consumer.errors.length >= 3);
  expect(consumer.errors).toEqual(expect.arrayContaining([expect.stringContaining('passed over')]));
  const event = { ...anEvent('two'), stream: 'probe', seq: 2, replayed: false };
  await probe.publishAsync('muster/1/default/door-1/checkin', JSON.stringify(event), { qos: 1 });
  await eventually('the next event', () => consumer.printed.includes('two'));
});
