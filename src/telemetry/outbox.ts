import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createBell } from '../lib/bell.ts';
import { together } from '../lib/together.ts';
import type { Store, Write } from '../store/contract.ts';
import type {
  NumberedEvent,
  Outbox,
  OutboxEntry,
  OutboxLimits,
  OutboxOptions,
  Revision,
} from './contract.ts';
import type { UnnumberedEvent } from './event.ts';
import { createLeftovers } from './leftovers.ts';
import { keyOf, outboxRange, readEntry, seqOf, unreadableKeyOf } from './outbox-entry.ts';
import { createOutboxLedger } from './outbox-ledger.ts';

/** What one call of `append` adds. */
interface Addition {
  readonly events: readonly UnnumberedEvent[];
  readonly also: readonly Write[];
}

/** How many calls of `append` share a batch at the most. */
const appendedAtOnce = 256;
/** The newest events are kept in memory until they are delivered: whoever sends need not read what was just written. */
const keptAtMost = 64;
/** How many events are revised in a batch. */
const revisedAtOnce = 256;
const streamKey = 'meta/stream';
const seqKey = 'meta/seq';
const bootKey = 'meta/boot';

/** The next opening begins a new stream; what waits stays in its own. For a store whose newest numbers may be in doubt. */
export async function beginNewStream(store: Pick<Store, 'batch'>): Promise<void> {
  await store.batch([{ key: streamKey, value: undefined }], { durable: true });
}

/** The outbox in `store`, which must be open before `open()` is called. */
export function createOutbox(store: Store, limits: OutboxLimits, options: OutboxOptions = {}): Outbox {
  const { retryMs = 5_000, onUnreadable } = options;
  let bootId: string | null = null;
  let stream = '';
  let lastSeq = 0;
  let dropped = 0;
  let unreadable = 0;
  let edition = 0;
  let held = createOutboxLedger(limits);
  /** The newest of them, without a gap up to the last one. */
  let newest: OutboxEntry[] = [];
  const leftovers = createLeftovers(store, retryMs);
  /** What the store has may not be what is known here; `damaged`: what it had may be lost. */
  let stale: 'no' | 'reopened' | 'damaged' = 'no';
  let refreshing: Promise<void> | null = null;
  const listeners = new Set<() => void>();
  const news = createBell();
  const append = together(appendedAtOnce, writeAll);

  const isFull = () => held.isFull();
  const changed = () => {
    news.ring();
    for (const listener of listeners) listener();
  };
  store.onReopened((damage) => {
    if (damage !== null) stale = 'damaged';
    else if (stale === 'no') stale = 'reopened';
    // Whoever sends is to look again.
    if (stream !== '') changed();
  });

  return {
    async open(opening = {}) {
      const { damaged = false } = opening;
      bootId = opening.bootId ?? null;
      stale = damaged ? 'damaged' : 'reopened';
      await refresh();
    },

    append: (events, also) => append({ events, also }),

    isFull,
    async room(signal) {
      while (isFull() && !signal.aborted) await nextChange(signal);
    },

    async drained(signal) {
      while (held.depth() > 0 && !signal.aborted) await nextChange(signal);
    },

    read,
    remove,

    async acknowledge(acknowledged, ranges) {
      const seqs = held.within(acknowledged, ranges);
      if (seqs.length > 0) await remove(seqs);
      return seqs.length;
    },

    revise,
    edition: () => edition,
    stream: () => stream,
    hasUnset: () => held.hasUnset(stream),
    has: (seq) => held.has(seq),
    lastSeq: () => lastSeq,
    stats: () => ({ depth: held.depth(), bytes: held.bytes(), oldest: held.oldest(), dropped }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  /** One durable batch for all who wait: the disk takes as long for many as for one. */
  async function writeAll(additions: readonly Addition[]): Promise<OutboxEntry[][]> {
    const opening = await store.writable();
    await refresh();
    let seq = lastSeq;
    const numbered = additions.map(({ events }) =>
      events.map((event): OutboxEntry => {
        seq += 1;
        const kept = { ...event, stream, seq };
        return { seq, event: kept, json: JSON.stringify(kept) };
      }),
    );
    const entries = numbered.flat();
    const writes = entries.map(({ seq: number, json }): Write => ({ key: keyOf(number), value: json }));
    const removed = held.oldestToDrop(entries);
    await store.batch(
      [
        ...writes,
        ...removed.map((old) => ({ key: keyOf(old), value: undefined })),
        { key: seqKey, value: String(seq) },
        ...additions.flatMap(({ also }) => also),
      ],
      { durable: true, opening },
    );
    lastSeq = seq;
    dropped += removed.length;
    for (const old of removed) held.release(old);
    for (const { seq: number, event, json } of entries) held.hold(number, json, event);
    newest = [...newest, ...entries].slice(-keptAtMost);
    changed();
    await leftovers.sweep();
    return numbered;
  }

  async function read(afterSeq: number, limit: number): Promise<OutboxEntry[]> {
    await refresh();
    // Asked with every change, and mostly there is nothing.
    if (afterSeq >= lastSeq) return [];
    const first = newest[0];
    if (first !== undefined && first.seq <= afterSeq + 1)
      return newest.filter(({ seq }) => seq > afterSeq && held.has(seq)).slice(0, limit);
    const entries: OutboxEntry[] = [];
    const bad: [number, string][] = [];
    for (let from = afterSeq + 1, left = limit; left > 0; left = limit - entries.length) {
      let found = 0;
      for await (const [key, value] of store.entries({ ...outboxRange, gte: keyOf(from), limit: left })) {
        found += 1;
        const seq = seqOf(key);
        from = seq + 1;
        if (!held.has(seq)) continue;
        const event = readEntry(value);
        if (event === null) bad.push([seq, value]);
        else entries.push({ seq, event, json: value });
      }
      if (found < left) break;
    }
    await setAside(bad);
    return entries;
  }

  async function revise(change: (event: NumberedEvent) => Revision | null): Promise<number> {
    const opening = await store.writable();
    await refresh();
    let revised = 0;
    for (let from = 0; ;) {
      const entries = await read(from, revisedAtOnce);
      const revisions = entries.flatMap(({ seq, event }) => {
        const revision = change(event);
        return revision === null ? [] : [{ seq, ...revision, json: JSON.stringify(revision.event) }];
      });
      if (revisions.length > 0) await rewrite(revisions, opening);
      revised += revisions.length;
      const last = entries.at(-1);
      if (last === undefined) return revised;
      from = last.seq;
    }
  }

  async function rewrite(revisions: readonly (OutboxEntry & Revision)[], opening: number): Promise<void> {
    await store.batch(
      revisions.flatMap(({ seq, json, also }) => [{ key: keyOf(seq), value: json }, ...also]),
      { durable: true, opening },
    );
    edition += 1;
    newest = [];
    for (const { seq, json, event } of revisions) {
      if (held.has(seq)) held.hold(seq, json, event);
      // Given up while it was written: it must not stay there.
      else leftovers.add(seq);
    }
    news.ring();
    await leftovers.sweep();
  }

  async function remove(seqs: readonly number[]): Promise<void> {
    await refresh().catch(() => undefined);
    for (const seq of seqs) {
      if (held.release(seq)) leftovers.add(seq);
    }
    const first = newest.findIndex(({ seq }) => held.has(seq));
    newest = first < 0 ? [] : newest.slice(first);
    changed();
    await leftovers.sweep();
  }

  /** Reads what the store has, where it was opened anew. Numbers go on from the highest that was ever seen. */
  async function refresh(): Promise<void> {
    while (stale !== 'no' || refreshing !== null) {
      refreshing ??= reloadOnce().finally(() => {
        refreshing = null;
      });
      await refreshing;
    }
  }

  async function reloadOnce(): Promise<void> {
    const why = stale;
    stale = 'no';
    try {
      await reload(why === 'damaged');
    } catch (error) {
      if (why === 'damaged' || stale === 'no') stale = why;
      throw error;
    }
    changed();
  }

  async function reload(damaged: boolean): Promise<void> {
    const [kept, keptSeq, keptBoot] = await Promise.all([
      store.get(streamKey),
      store.get(seqKey),
      store.get(bootKey),
    ]);
    const found = createOutboxLedger(limits);
    const bad: [number, string][] = [];
    let last = Math.max(lastSeq, Number(keptSeq ?? 0) || 0);
    for await (const [key, value] of store.entries(outboxRange)) {
      const seq = seqOf(key);
      last = Math.max(last, seq);
      if (leftovers.has(seq)) continue;
      const event = readEntry(value);
      if (event === null) bad.push([seq, value]);
      else found.hold(seq, value, event);
    }
    const rebooted = bootId !== null && bootId !== keptBoot;
    let next = kept;
    if (next === undefined || damaged || rebooted) {
      next = randomUUID();
      const boot: Write[] = bootId === null ? [] : [{ key: bootKey, value: bootId }];
      const begun = [{ key: streamKey, value: next }, { key: seqKey, value: String(last) }, ...boot];
      await store.batch(begun, { durable: true });
    }
    stream = next;
    lastSeq = last;
    newest = [];
    held = found;
    await setAside(bad);
  }

  /** What can't be read is put where nobody sends it, for a person to look at. */
  async function setAside(bad: readonly (readonly [seq: number, value: string])[]): Promise<void> {
    if (bad.length === 0) return;
    for (const [seq] of bad) {
      held.release(seq);
      leftovers.add(seq);
    }
    unreadable += bad.length;
    onUnreadable?.(unreadable);
    changed();
    try {
      const writes = bad.flatMap(([seq, value]) => [
        { key: unreadableKeyOf(seq), value },
        { key: keyOf(seq), value: undefined },
      ]);
      await store.batch(writes, { durable: true });
      for (const [seq] of bad) leftovers.gone(seq);
    } catch {
      // It stays among the leftovers, and is deleted with them.
    }
  }

  /** Resolves with the next change, or when the signal aborts. */
  async function nextChange(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const aborted = once(signal, 'abort', { signal: stop.signal }).catch(() => undefined);
    await Promise.race([news.next(), aborted]);
    stop.abort();
  }
}
