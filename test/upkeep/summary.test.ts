import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/lib/random.ts';
import { createStore } from '../../src/store/store.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { createRecorder } from '../../src/telemetry/recorder.ts';
import { createTally } from '../../src/telemetry/tally.ts';
import { subject, face, facts } from '../support/events.ts';
import { siteWithDesk } from '../remote/support.ts';
import { eventually, manualClock, temporaryFolder } from '../support/tools.ts';
import { summarySchema } from '../../src/telemetry/payloads.ts';

const limits = { maxEvents: 1000, maxBytes: 1e7, whenFull: 'refuse' } as const;

async function aDay(dir: string, clock = manualClock()) {
  const store = createStore(dir);
  await store.open();
  onTestFinished(() => store.close());
  const tally = createTally({ store, clock });
  await tally.open();
  const outbox = createOutbox(store, limits);
  await outbox.open();
  const recorder = createRecorder({ store, outbox, cooldownMs: 0, now: () => clock.now(), tally });
  const record = async (id: string, accepted: boolean) => {
    const one = face([['alice', accepted ? 0.8 : 0.2]]);
    const common = { face: one, subject: accepted ? subject('alice') : null, similarity: 0.8, margin: null };
    await recorder.record(id, [
      [
        accepted
          ? { ...common, subject: subject('alice'), decision: 'accepted' }
          : { ...common, subject: null, decision: 'rejected', reason: 'unknown', gate: null },
        { ...facts, eventId: id, faces: [one] },
      ],
    ]);
  };
  return { store, tally, clock, record };
}

it('counts what was recorded over a crash, and begins anew with each day', async () => {
  const dir = join(await temporaryFolder(), 'state');
  const first = await aDay(dir);
  const random = seededRandom(5);
  let accepted = 0;
  for (let i = 0; i < 20; i += 1) {
    const is = random() < 0.7;
    accepted += is ? 1 : 0;
    await first.record(`a${i}`, is);
  }
  first.tally.failed();
  first.tally.alert('disk-low');
  first.tally.alert('disk-low');
  first.tally.offline(true);
  first.clock.advance(90_000);
  first.tally.offline(false);
  await first.record('last', true);
  // No farewell: what the batches hold is what counts.
  await first.store.close();

  const second = await aDay(dir, first.clock);
  second.clock.advance(30_000);
  await second.record('b', false);
  const day = second.tally.close('synced');
  expect(day.summary).toMatchObject({
    from: '2026-11-23T09:00:00.000Z',
    to: '2026-11-23T09:02:00.000Z',
    captures: 22,
    decisions: { accepted: accepted + 1, rejected: 21 - accepted },
    reasons: { unknown: 21 - accepted },
    failed: 1,
    uptime_s: 120,
    starts: 2,
    broker: { outages: 1, offline_s: 90 },
    alerts: ['disk-low'],
  });
  // Recorded between the closing of the day and its writing: it belongs to the next.
  await second.record('c', true);
  await second.store.batch([day.write], { durable: true });
  day.keep();
  const next = second.tally.close('synced').summary;
  expect(next).toMatchObject({ from: day.summary.to, captures: 1, decisions: { accepted: 1 }, starts: 0 });
  expect(next.alerts).toEqual([]);
});

it(
  'a station publishes the summary of its day when it is asked to close it',
  { timeout: 60_000 },
  async () => {
    const here = await siteWithDesk();
    const station = here.start();
    await station.ready;
    const answer = await here.ask('upkeep', { run: 'summary' });
    const jobs = answer.data?.['jobs'] as { name: string; last: { ok: boolean; by: string } | null }[];
    expect(jobs.find(({ name }) => name === 'summary')?.last).toMatchObject({ ok: true, by: 'hand' });
    await eventually('the summary', () => here.on('summary').length === 1);
    expect(summarySchema.strict().parse(JSON.parse(here.on('summary')[0]?.payload ?? ''))).toMatchObject({
      captures: 0,
      accept_rate_pct: null,
      starts: 1,
    });
    expect(await station.stop()).toBe(0);
    const again = here.start();
    await again.ready;
    await here.ask('ping');
    expect(here.on('summary')).toHaveLength(1);
    expect(await again.stop()).toBe(0);
  },
);
