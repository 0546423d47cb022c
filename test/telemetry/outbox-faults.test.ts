import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createStore } from '../../src/store/store.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
import type { OutboxOpening } from '../../src/telemetry/contract.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { anEvent } from '../support/events.ts';
import { canMountDisks, smallDisk, withoutDisks } from '../support/small-disk.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

async function openOutbox(dir: string, opening: OutboxOpening = {}) {
  const unreadable: number[] = [];
  const store = createStore(dir);
  const damage = await store.open();
  const limits = { maxEvents: 100_000, maxBytes: 1e9, whenFull: 'refuse' } as const;
  const outbox = createOutbox(store, limits, {
    retryMs: 100,
    onUnreadable: (count) => unreadable.push(count),
  });
  await outbox.open({ damaged: damage !== null, ...opening });
  onTestFinished(() => store.close());
  return { store, outbox, unreadable, damage };
}

/** A broker that takes everything. */
function takingSession() {
  const taken: CheckinEvent[] = [];
  let cut!: (reason: string) => void;
  const closed = new Promise<string>((resolve) => (cut = resolve));
  let ends = 0;
  const session: Session = {
    id: 's',
    since: 0,
    version: '5',
    closed,
    publish(_, payload) {
      taken.push(JSON.parse(payload) as CheckinEvent);
      return Promise.resolve();
    },
    subscribe: () => Promise.resolve(),
    end() {
      ends += 1;
      return Promise.resolve(cut('ended'));
    },
  };
  return { session, taken, cut: () => cut('cut'), ends: () => ends };
}

const options = {
  topic: 't',
  inFlight: 8,
  refusedPauseMs: 50,
  confirmedBy: 'broker',
  clock: systemClock,
  log: silentLog,
} as const;

const seqsOf = async (outbox: ReturnType<typeof createOutbox>) =>
  (await outbox.read(0, 100_000)).map(({ seq }) => seq);

it.skipIf(!canMountDisks)(
  canMountDisks
    ? 'goes on through a full disk: sends what it has, loses nothing acknowledged, gives no number twice'
    : `goes on through a full disk (${withoutDisks})`,
  async () => {
    const disk = await smallDisk(8);
    const dir = join(disk.dir, 'state');
    const { outbox, store } = await openOutbox(dir);
    const { session, taken, cut, ends } = takingSession();
    const recorded = new Map<number, string>();
    const record = async (id: string) => {
      const [entry] = await outbox.append([anEvent(id)], [{ key: `decided/${id}`, value: '1' }]);
      recorded.set(entry!.seq, id);
    };
    for (let i = 0; i < 50; i += 1) await record(`before-${i}`);
    await disk.fill();
    const failed: string[] = [];
    for (let i = 0; i < 300; i += 1) {
      await record(`full-${i}`).catch(() => failed.push(`full-${i}`));
    }
    expect(failed.length).toBeGreaterThan(0);
    // The backlog goes out while the disk is full, in one session, each event once.
    const delivery = deliver(session, { ...options, outbox });
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(taken.length).toBe(recorded.size);
    expect(ends()).toBe(0);

    await disk.free();
    for (const id of failed) {
      await eventually('it is recorded', async () => {
        // As the station does it: a decision that failed may be on the disk all the same.
        if ((await store.get(`decided/${id}`)) !== undefined) return true;
        return await record(id).then(
          () => true,
          () => false,
        );
      });
    }
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
    expect(new Set(taken.map((each) => each.event_id)).size).toBe(350);
    expect(taken).toHaveLength(350);
    expect(new Set(taken.map((each) => each.seq)).size).toBe(350);
    for (const { seq, event_id } of taken) expect(recorded.get(seq) ?? event_id).toBe(event_id);
    cut();
    await delivery;
    await store.close();
    const after = await openOutbox(dir);
    expect(await seqsOf(after.outbox)).toEqual([]);
    expect(after.outbox.lastSeq()).toBe(350);
  },
);

it('sets aside an entry that can not be read, tells of it, and goes on with the others', async () => {
  const dir = await temporaryFolder();
  const writing = await openOutbox(dir);
  for (let i = 1; i <= 5; i += 1) await writing.outbox.append([anEvent(`e${i}`)], []);
  await writing.store.close();
  // What it has written itself, an outbox has in memory.
  const { store, outbox, unreadable } = await openOutbox(dir);
  const key = (seq: number) => `outbox/${String(seq).padStart(16, '0')}`;
  await store.batch([{ key: key(2), value: '{"event_id":"e2",' }], { durable: true });
  expect(await seqsOf(outbox)).toEqual([1, 3, 4, 5]);
  expect(outbox.stats().depth).toBe(4);
  expect(unreadable).toEqual([1]);
  await store.batch([{ key: key(4), value: '5' }], { durable: true });
  await store.close();

  const after = await openOutbox(dir);
  expect(after.unreadable).toEqual([1]);
  expect(await seqsOf(after.outbox)).toEqual([1, 3, 5]);
  const kept: string[] = [];
  for await (const each of after.store.keys({ gte: 'unreadable/', lt: 'unreadable0' })) kept.push(each);
  expect(kept).toHaveLength(2);
});

it('begins a new stream after damage, and numbers go on', async () => {
  const dir = await temporaryFolder();
  const { store, outbox } = await openOutbox(dir);
  const [first] = await outbox.append([anEvent('a')], []);
  await store.close();
  for (const name of await readdir(dir)) if (name === 'CURRENT') await writeFile(join(dir, name), '');
  const after = await openOutbox(dir);
  expect(after.damage).not.toBeNull();
  const [second] = await after.outbox.append([anEvent('b')], []);
  expect(second?.event.stream).not.toBe(first?.event.stream);
  expect(second?.seq).toBe(2);
  // What is left of the old stream can still be acknowledged.
  expect(await after.outbox.acknowledge(first!.event.stream, [[1, 2]])).toBe(1);
  expect(await seqsOf(after.outbox)).toEqual([2]);
});

it('begins a new stream with each start of the machine, and only then', async () => {
  const dir = await temporaryFolder();
  const streams: string[] = [];
  for (const bootId of ['a', 'a', 'b', null]) {
    const { store, outbox } = await openOutbox(dir, { bootId });
    const [entry] = await outbox.append([anEvent('e')], []);
    streams.push(entry!.event.stream);
    await store.close();
  }
  expect(streams[1]).toBe(streams[0]);
  expect(streams[2]).not.toBe(streams[1]);
  expect(streams[3]).toBe(streams[2]);
});

it('forgets what a damaged store lost while it runs, and begins a new stream', async () => {
  const dir = await temporaryFolder();
  const before = await openOutbox(dir);
  for (let i = 1; i <= 200; i += 1) await before.outbox.append([anEvent(`e${i}`)], []);
  await before.store.close();
  // Opening writes the log into a table.
  const { outbox } = await openOutbox(dir);
  const [last] = await outbox.read(199, 1);
  for (const name of await readdir(dir)) {
    if (name.endsWith('.ldb')) await writeFile(join(dir, name), Buffer.alloc(60_000, 0xa5), { flag: 'r+' });
  }
  await outbox.read(0, 10);
  const left = await seqsOf(outbox);
  expect(left.length).toBeLessThan(200);
  expect(outbox.stats().depth).toBe(left.length);
  const [next] = await outbox.append([anEvent('new')], []);
  expect(next?.seq).toBe(201);
  expect(next?.event.stream).not.toBe(last?.event.stream);
});
