import { expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { createStore } from '../../src/store/store.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
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
const options = { topic, inFlight: 8, refusedPauseMs: 50, log: silentLog };

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
