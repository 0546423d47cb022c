import { expect, it, onTestFinished } from 'vitest';
import type { Decision } from '../../src/decide/contract.ts';
import { createStore } from '../../src/store/store.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { createRecorder } from '../../src/telemetry/recorder.ts';
import { face, facts, subject } from '../support/events.ts';
import { manualClock, temporaryFolder } from '../support/tools.ts';

const limits = { maxEvents: 1000, maxBytes: 1e9, whenFull: 'refuse' } as const;
const minute = 60_000;
const nine = Date.parse('2026-11-23T09:00:00.000Z');

async function openRecorder(dir: string, cooldownMs = minute) {
  const clock = manualClock(nine);
  const store = createStore(dir);
  await store.open();
  const outbox = createOutbox(store, limits);
  await outbox.open();
  const recorder = createRecorder({ store, outbox, cooldownMs, now: () => clock.now() });
  const close = () => store.close();
  onTestFinished(close);
  let captures = 0;
  const record = async (who: string, at: number, id = `capture-${(captures += 1)}-${at}`) => {
    const [entry] = await recorder.record(id, [[accepted(who), { ...facts, eventId: id, capturedAt: at }]]);
    const event = entry?.event;
    return event?.decision === 'accepted' ? event.subject : `${event?.reason} ${event?.subject}`;
  };
  return { recorder, outbox, store, clock, record, close };
}

function accepted(who: string): Decision {
  return {
    face: face([[who, 0.8]]),
    decision: 'accepted',
    subject: subject(who),
    similarity: 0.8,
    margin: null,
  };
}

it('knows what it recorded, also after a start', async () => {
  const dir = await temporaryFolder();
  const first = await openRecorder(dir);
  expect(await first.recorder.isRecorded('x')).toBe(false);
  await first.record('alice', nine, 'x');
  await first.close();
  expect(await (await openRecorder(dir)).recorder.isRecorded('x')).toBe(true);
});

it('suppresses a subject within the cool-down of its last acceptance, by capture time', async () => {
  const { record } = await openRecorder(await temporaryFolder());
  expect(await record('alice', nine)).toBe('alice');
  expect(await record('alice', nine + minute - 1)).toBe('cooldown alice');
  expect(await record('bob', nine + 1)).toBe('bob');
  // Measured from the accepted capture: the suppressed one does not prolong it.
  expect(await record('alice', nine + minute)).toBe('alice');
});

it('does so for captures that come late and out of order', async () => {
  const { record } = await openRecorder(await temporaryFolder());
  expect(await record('alice', nine + 10 * minute)).toBe('alice');
  expect(await record('alice', nine)).toBe('alice');
  expect(await record('alice', nine + 0.5 * minute)).toBe('cooldown alice');
  expect(await record('alice', nine + 9.5 * minute)).toBe('cooldown alice');
  expect(await record('alice', nine + 9 * minute)).toBe('alice');
});

it('does so over a start', async () => {
  const dir = await temporaryFolder();
  const first = await openRecorder(dir);
  await first.record('alice', nine);
  await first.close();
  expect(await (await openRecorder(dir)).record('alice', nine + 1000)).toBe('cooldown alice');
});

it('keeps subjects apart whose names begin alike', async () => {
  const { record } = await openRecorder(await temporaryFolder());
  await record('ann', nine);
  expect(await record('ann-2', nine + 1)).toBe('ann-2');
});

it('has no cool-down of 0 seconds', async () => {
  const { record } = await openRecorder(await temporaryFolder(), 0);
  await record('alice', nine);
  expect(await record('alice', nine)).toBe('alice');
});

it('writes the events of one capture together', async () => {
  const { recorder, outbox } = await openRecorder(await temporaryFolder());
  const entries = await recorder.record('x', [
    [accepted('alice'), { ...facts, eventId: 'x' }],
    [accepted('bob'), { ...facts, eventId: 'y' }],
  ]);
  expect(entries.map((each) => each.event.subject)).toEqual(['alice', 'bob']);
  expect(outbox.stats().depth).toBe(2);
});

it('forgets what is old, and nothing else', async () => {
  const { recorder, record, clock, store } = await openRecorder(await temporaryFolder());
  await record('alice', nine, 'old');
  clock.advance(10 * minute);
  await record('alice', nine + 10 * minute, 'new');
  expect(await recorder.prune(nine + 5 * minute, 100)).toBe(2);
  expect(await recorder.isRecorded('old')).toBe(false);
  expect(await recorder.isRecorded('new')).toBe(true);
  expect(await record('alice', nine + 10.5 * minute)).toBe('cooldown alice');
  expect(await store.get('meta/seq')).toBe('3');
});
