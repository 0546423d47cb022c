import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createAcks } from '../../src/remote/acks.ts';
import { startRemote } from '../../src/remote/remote.ts';
import { createStore } from '../../src/store/store.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { connectionTo, startBroker, subscribe, type Message } from '../support/broker.ts';
import { anEvent } from '../support/events.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

const topic = 'muster/1/s/a/checkin';

async function openOutbox() {
  const store = createStore(await temporaryFolder());
  await store.open();
  const outbox = createOutbox(store, { maxEvents: 10_000, maxBytes: 1e9, whenFull: 'refuse' });
  await outbox.open();
  onTestFinished(() => store.close());
  return outbox;
}

const eventsOf = (messages: readonly Message[]) =>
  messages.map((each) => JSON.parse(each.payload) as CheckinEvent);
const options = {
  topic,
  inFlight: 8,
  refusedPauseMs: 50,
  confirmedBy: 'broker',
  clock: systemClock,
  log: silentLog,
} as const;

it('sends a backlog as replayed and what comes after as live, in order, and empties the outbox', async () => {
  const outbox = await openOutbox();
  const broker = await startBroker();
  const { messages } = await subscribe(broker.url(), topic);
  for (let i = 1; i <= 50; i += 1) await outbox.append([anEvent(`e${i}`)], []);
  const connection = connectionTo(broker.url());
  connection.onSession((session) => void deliver(session, { ...options, outbox }));
  await connection.start(() => ({ topic: 'x', payload: '' }));
  await eventually('the backlog', () => messages.length >= 50);
  for (let i = 51; i <= 60; i += 1) await outbox.append([anEvent(`e${i}`)], []);
  await eventually('the live events', () => messages.length >= 60);
  const events = eventsOf(messages);
  expect(events.map((each) => each.seq)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(events.map((each) => each.replayed)).toEqual(Array.from({ length: 60 }, (_, i) => i < 50));
  expect(messages.every((each) => !each.retain)).toBe(true);
  await eventually('an empty outbox', () => outbox.stats().depth === 0);
});

/** A session whose broker answers as the test says. The real ones are in the tests above and in the kill test. */
function sessionThat(answer: (payload: string) => Promise<void>): Session & { cut: () => void } {
  let cut = (): void => undefined;
  const closed = new Promise<string>((resolve) => {
    cut = () => resolve('cut');
  });
  return {
    id: 's',
    since: 0,
    version: '5',
    closed,
    publish: (_, payload) => answer(payload),
    subscribe: () => Promise.resolve(),
    end: () => Promise.resolve(cut()),
    cut: () => cut(),
  };
}

it('never has more under way than it may, and keeps what was not acknowledged', async () => {
  const outbox = await openOutbox();
  for (let i = 1; i <= 30; i += 1) await outbox.append([anEvent(`e${i}`)], []);
  const underWay: string[] = [];
  const session = sessionThat((payload) => {
    underWay.push(payload);
    return session.closed.then((reason) => Promise.reject(new Error(reason)));
  });
  const delivery = deliver(session, { ...options, outbox });
  await eventually('as many as may be', () => underWay.length === options.inFlight);
  await outbox.append([anEvent('one more')], []);
  expect(underWay).toHaveLength(options.inFlight);
  session.cut();
  await delivery;
  expect(outbox.stats().depth).toBe(31);
});

it('sends again, from the oldest on, what the broker refused', async () => {
  const outbox = await openOutbox();
  for (let i = 1; i <= 20; i += 1) await outbox.append([anEvent(`e${i}`)], []);
  const taken: number[] = [];
  let refusals = 3;
  const session = sessionThat((payload) => {
    const { seq } = JSON.parse(payload) as CheckinEvent;
    if (seq === 5 && refusals > 0) {
      refusals -= 1;
      return Promise.reject(new Error('quota exceeded'));
    }
    taken.push(seq);
    return Promise.resolve();
  });
  const delivery = deliver(session, { ...options, outbox });
  await eventually('an empty outbox', () => outbox.stats().depth === 0);
  expect(refusals).toBe(0);
  expect(new Set(taken).size).toBe(20);
  session.cut();
  await delivery;
});

describe('with delivery: application', () => {
  const confirmedBy = { timeoutMs: 300, window: 10 };
  const ack = 'muster/1/s/a/ack';

  /** A consumer that acknowledges what `takes` says, and a station that waits for it. */
  async function consume(takes: (event: CheckinEvent) => readonly (readonly [number, number])[]) {
    const outbox = await openOutbox();
    const broker = await startBroker();
    const { client, messages } = await subscribe(broker.url(), topic);
    client.on('message', (_, payload) => {
      const event = JSON.parse(payload.toString()) as CheckinEvent;
      client.publish(ack, JSON.stringify({ stream: event.stream, seqs: takes(event) }), { qos: 1 });
    });
    const connection = connectionTo(broker.url());
    startRemote({
      connection,
      features: [createAcks({ topic: ack, outbox, log: silentLog })],
      alerts: createAlerts({ clock: systemClock, log: silentLog }),
    });
    connection.onSession((session) => void deliver(session, { ...options, confirmedBy, outbox }));
    await connection.start(() => ({ topic: 'x', payload: '' }));
    return { outbox, client, messages };
  }

  it('keeps an event until the consumer has it', async () => {
    const { outbox, messages } = await consume((event) => [[event.seq, event.seq]]);
    for (let i = 1; i <= 40; i += 1) await outbox.append([anEvent(`e${i}`)], []);
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
    expect(new Set(eventsOf(messages).map((each) => each.seq)).size).toBe(40);
  });

  it('sends again, as replayed and from the oldest on, what is overdue', async () => {
    let deaf = true;
    const { outbox, messages } = await consume((event) => (deaf ? [] : [[event.seq, event.seq]]));
    for (let i = 1; i <= 25; i += 1) await outbox.append([anEvent(`e${i}`)], []);
    await eventually('a second round', () => messages.length > confirmedBy.window);
    const seqs = eventsOf(messages).map((each) => each.seq);
    // No more than the window waits; the rest stays where it is until then.
    expect(Math.max(...seqs)).toBe(confirmedBy.window);
    expect(seqs.slice(confirmedBy.window, confirmedBy.window + 2)).toEqual([1, 2]);
    expect(eventsOf(messages)[confirmedBy.window]?.replayed).toBe(true);
    deaf = false;
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
    expect(new Set(eventsOf(messages).map((each) => each.seq)).size).toBe(25);
  });

  it('passes over acks that are malformed, of another stream or retained', async () => {
    const { outbox, client, messages } = await consume(() => []);
    await outbox.append([anEvent('e1')], []);
    await eventually('the event', () => messages.length > 0);
    const stream = eventsOf(messages)[0]?.stream;
    const good = JSON.stringify({ stream, seqs: [[1, 1]] });
    for (const payload of [
      '',
      'x',
      '{}',
      '[]',
      JSON.stringify({ stream, seqs: [[0, 1]] }),
      'x'.repeat(40_000),
    ]) {
      await client.publishAsync(ack, payload, { qos: 1 });
    }
    await client.publishAsync(ack, JSON.stringify({ stream: 'another', seqs: [[1, 99]] }), { qos: 1 });
    expect(outbox.stats().depth).toBe(1);
    await client.publishAsync(ack, good, { qos: 1 });
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
  });
});
