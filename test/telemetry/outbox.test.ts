import { describe, expect, it, onTestFinished } from 'vitest';
import { createStore } from '../../src/store/store.ts';
import type { OutboxLimits } from '../../src/telemetry/contract.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { anEvent } from '../support/events.ts';
import { temporaryFolder } from '../support/tools.ts';

const roomy: OutboxLimits = { maxEvents: 100, maxBytes: 1e9, whenFull: 'refuse' };
const never = new AbortController().signal;

async function openOutbox(dir: string, limits = roomy) {
  const store = createStore(dir);
  await store.open();
  const outbox = createOutbox(store, limits);
  await outbox.open();
  const close = () => store.close();
  onTestFinished(close);
  return { store, outbox, close };
}

describe('outbox', () => {
  it('numbers events, keeps them over a start, and never gives a number twice', async () => {
    const dir = await temporaryFolder();
    const first = await openOutbox(dir);
    await first.outbox.append([anEvent('a'), anEvent('b')], [{ key: 'also', value: 'yes' }]);
    const [entry] = await first.outbox.read(0, 10);
    await first.outbox.remove([1, 2]);
    await first.close();

    const second = await openOutbox(dir);
    expect(await second.store.get('also')).toBe('yes');
    expect(second.outbox.stats()).toMatchObject({ depth: 0, bytes: 0, oldest: null });
    const [next] = await second.outbox.append([anEvent('c')], []);
    expect(next).toMatchObject({ seq: 3, event: { seq: 3, event_id: 'c', stream: entry?.event.stream } });
  });

  it('reads in order from a number on', async () => {
    const { outbox } = await openOutbox(await temporaryFolder());
    for (let i = 1; i <= 12; i += 1) await outbox.append([anEvent(`e${i}`)], []);
    expect((await outbox.read(8, 3)).map((each) => each.seq)).toEqual([9, 10, 11]);
    expect((await outbox.read(12, 3)).map((each) => each.seq)).toEqual([]);
  });

  it('numbers those who append at once one after the other, and deletes many as well as few', async () => {
    const dir = await temporaryFolder();
    const first = await openOutbox(dir);
    const appended = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        first.outbox.append([anEvent(`e${i}`)], [{ key: `also/${i}`, value: 'yes' }]),
      ),
    );
    expect(appended.flat().map(({ seq, event }) => [seq, event.event_id])).toEqual(
      Array.from({ length: 40 }, (_, i) => [i + 1, `e${i}`]),
    );
    const gone = new Set([1, 3, ...Array.from({ length: 20 }, (_, i) => 10 + i)]);
    await first.outbox.remove([...gone]);
    await first.close();

    const { outbox, store } = await openOutbox(dir);
    const left = Array.from({ length: 40 }, (_, i) => i + 1).filter((seq) => !gone.has(seq));
    expect((await outbox.read(0, 100)).map(({ seq }) => seq)).toEqual(left);
    expect(await store.get('also/39')).toBe('yes');
  });

  it('has what was just written in memory, and only what is still held', async () => {
    const dir = await temporaryFolder();
    const { outbox, store, close } = await openOutbox(dir);
    for (let i = 1; i <= 100; i += 1) await outbox.append([anEvent(`e${i}`)], []);
    const newest = await outbox.read(90, 100);
    expect(newest.map(({ seq }) => seq)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
    expect(JSON.parse(newest[0]!.json)).toEqual(newest[0]!.event);
    expect(await outbox.read(100, 100)).toEqual([]);
    await outbox.remove([91, 92, 95]);
    expect((await outbox.read(90, 2)).map(({ seq }) => seq)).toEqual([93, 94]);
    // The older ones are read, and are the same.
    const all = await outbox.read(0, 200);
    expect(all.map(({ event }) => event.event_id)).toEqual(
      Array.from({ length: 100 }, (_, i) => `e${i + 1}`).filter((id) => !['e91', 'e92', 'e95'].includes(id)),
    );
    expect(all.slice(-5)).toEqual(newest.slice(-5));
    // Nobody asks the disk for what is known: what is there now is not what was written.
    const keys: string[] = [];
    for await (const key of store.keys({ gte: 'outbox/', lt: 'outbox0' })) keys.push(key);
    await store.batch([{ key: keys.at(-1)!, value: 'broken' }], { durable: true });
    expect((await outbox.read(99, 1))[0]?.event.event_id).toBe('e100');
    await close();
    expect(await (await openOutbox(dir)).outbox.read(99, 1)).toEqual([]);
  });

  it('counts what it holds, also after a start', async () => {
    const dir = await temporaryFolder();
    const first = await openOutbox(dir);
    await first.outbox.append([anEvent('a'), anEvent('b')], []);
    const stats = first.outbox.stats();
    expect(stats).toMatchObject({ depth: 2, oldest: Date.parse('2026-11-23T09:02:11.513Z'), dropped: 0 });
    expect(stats.bytes).toBeGreaterThan(600);
    await first.close();
    expect((await openOutbox(dir)).outbox.stats()).toEqual(stats);
  });

  it('refuses at its limit until something was acknowledged', async () => {
    const { outbox } = await openOutbox(await temporaryFolder(), { ...roomy, maxEvents: 2 });
    await outbox.append([anEvent('a'), anEvent('b')], []);
    expect(outbox.isFull()).toBe(true);
    let hasRoom = false;
    const room = outbox.room(never).then(() => {
      hasRoom = true;
    });
    await outbox.read(0, 1);
    expect(hasRoom).toBe(false);
    await outbox.remove([1]);
    await room;
    expect(outbox.isFull()).toBe(false);
  });

  it('does not wait for room once it is told to stop', async () => {
    const { outbox } = await openOutbox(await temporaryFolder(), { ...roomy, maxEvents: 1 });
    await outbox.append([anEvent('a')], []);
    const stop = new AbortController();
    const room = outbox.room(stop.signal);
    stop.abort();
    await expect(room).resolves.toBeUndefined();
  });

  it.each([
    ['count', { maxEvents: 3, maxBytes: 1e9 }],
    ['bytes', { maxEvents: 1e9, maxBytes: 3 * 900 }],
  ])('drops the oldest at the limit of its %s, and counts them', async (_, limit) => {
    const { outbox } = await openOutbox(await temporaryFolder(), { ...limit, whenFull: 'drop_oldest' });
    for (let i = 1; i <= 10; i += 1) await outbox.append([anEvent(`e${i}`)], []);
    const kept = await outbox.read(0, 100);
    expect(kept.at(-1)?.seq).toBe(10);
    expect(kept.length).toBeLessThanOrEqual(3);
    expect(kept.length).toBeGreaterThan(0);
    expect(outbox.stats()).toMatchObject({ depth: kept.length, dropped: 10 - kept.length });
    expect(outbox.isFull()).toBe(false);
  });

  it('tells of changes until it is told to stop', async () => {
    const { outbox } = await openOutbox(await temporaryFolder());
    let changes = 0;
    const stop = outbox.onChange(() => {
      changes += 1;
    });
    await outbox.append([anEvent('a')], []);
    await outbox.remove([1]);
    stop();
    await outbox.append([anEvent('b')], []);
    expect(changes).toBe(2);
  });
});
