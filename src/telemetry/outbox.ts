import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createBell } from '../lib/bell.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Store, Write } from '../store/contract.ts';
import type { UnnumberedEvent } from './event.ts';
import type { CheckinEvent } from './payloads.ts';

/** An event as the outbox keeps it; whether it is a replay is known only when it is sent. */
export type NumberedEvent = Omit<CheckinEvent, 'replayed'>;

export interface OutboxEntry {
  readonly seq: number;
  readonly event: NumberedEvent;
}

export interface OutboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** At the limit: take no more events, or delete the oldest for the new. */
  readonly whenFull: 'refuse' | 'drop_oldest';
}

export interface OutboxStats {
  readonly depth: number;
  readonly bytes: number;
  readonly oldest: EpochMs | null;
  /** Events deleted unsent since the start, to make room. */
  readonly dropped: number;
}

/**
 * The events that no broker has acknowledged yet, numbered and durable. `append` returns after the disk has them.
 * One writer at a time.
 */
export interface Outbox {
  open(): Promise<void>;
  /**
   * Numbers the events and writes them together with `also` in one durable batch. An append may go over the limit by its
   * own events; wait for `room` before the work that leads to one.
   */
  append(events: readonly UnnumberedEvent[], also: readonly Write[]): Promise<readonly OutboxEntry[]>;
  /** Whether it refuses more for now. */
  isFull(): boolean;
  /** Resolves when there is room for more, at once unless the outbox is full and refuses; also when the signal aborts. */
  room(signal: AbortSignal): Promise<void>;
  /** Resolves when everything was acknowledged, or when the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Entries after `seq`, the oldest first. */
  read(afterSeq: number, limit: number): Promise<readonly OutboxEntry[]>;
  /** Deletes what was acknowledged. Not durable by itself: a power cut may bring entries back, and they are sent again. */
  remove(seqs: readonly number[]): Promise<void>;
  /** Deletes what a consumer says it has; numbers of another stream are not ours. Returns how many were deleted. */
  acknowledge(stream: string, ranges: readonly (readonly [from: number, to: number])[]): Promise<number>;
  /** Whether it still holds this event. */
  has(seq: number): boolean;
  /** The number of the newest event, 0 before the first. */
  lastSeq(): number;
  stats(): OutboxStats;
  /** Calls back after each append and removal; returns what ends that. */
  onChange(listener: () => void): () => void;
}

const prefix = 'outbox/';
const end = 'outbox0';
const streamKey = 'meta/stream';
const seqKey = 'meta/seq';

/** The outbox in `store`, which must be open before `open()` is called. */
export function createOutbox(store: Store, limits: OutboxLimits): Outbox {
  let stream = '';
  let lastSeq = 0;
  let dropped = 0;
  let bytes = 0;
  /** Size in bytes and time of each entry, in order. */
  const held = new Map<number, { readonly bytes: number; readonly at: EpochMs }>();
  const listeners = new Set<() => void>();
  const news = createBell();

  const isFull = () =>
    limits.whenFull === 'refuse' && (held.size >= limits.maxEvents || bytes >= limits.maxBytes);
  const changed = () => {
    news.ring();
    for (const listener of listeners) listener();
  };

  return {
    async open() {
      stream = (await store.get(streamKey)) ?? '';
      lastSeq = Number((await store.get(seqKey)) ?? 0);
      for await (const [key, value] of store.entries({ gte: prefix, lt: end })) {
        const event = JSON.parse(value) as NumberedEvent;
        hold(seqOf(key), value, Date.parse(event.decided_at));
        lastSeq = Math.max(lastSeq, seqOf(key));
      }
      if (stream === '') {
        stream = randomUUID();
        await store.batch([{ key: streamKey, value: stream }], { durable: true });
      }
    },

    async append(events, also) {
      let seq = lastSeq;
      const entries = events.map((event) => {
        seq += 1;
        return { seq, event: { ...event, stream, seq } };
      });
      const values = entries.map(({ event }) => JSON.stringify(event));
      const writes: Write[] = entries.map((entry, i) => ({ key: keyOf(entry.seq), value: values[i] }));
      const removed = limits.whenFull === 'drop_oldest' ? oldestToDrop(values) : [];
      await store.batch(
        [
          ...writes,
          ...removed.map((old) => ({ key: keyOf(old), value: undefined })),
          { key: seqKey, value: String(seq) },
          ...also,
        ],
        { durable: true },
      );
      lastSeq = seq;
      dropped += removed.length;
      for (const old of removed) release(old);
      for (const [i, entry] of entries.entries()) {
        hold(entry.seq, values[i] as string, Date.parse(entry.event.decided_at));
      }
      changed();
      return entries;
    },

    isFull,
    async room(signal) {
      while (isFull() && !signal.aborted) await nextChange(signal);
    },

    async drained(signal) {
      while (held.size > 0 && !signal.aborted) await nextChange(signal);
    },

    async read(afterSeq, limit) {
      const entries: OutboxEntry[] = [];
      for await (const [key, value] of store.entries({ gte: keyOf(afterSeq + 1), lt: end, limit })) {
        entries.push({ seq: seqOf(key), event: JSON.parse(value) as NumberedEvent });
      }
      return entries;
    },

    remove,

    async acknowledge(acknowledged, ranges) {
      if (acknowledged !== stream) return 0;
      const isAcknowledged = (seq: number) => ranges.some(([from, to]) => from <= seq && seq <= to);
      const seqs = [...held.keys()].filter(isAcknowledged);
      if (seqs.length > 0) await remove(seqs);
      return seqs.length;
    },

    has: (seq) => held.has(seq),
    lastSeq: () => lastSeq,
    stats: () => ({ depth: held.size, bytes, oldest: held.values().next().value?.at ?? null, dropped }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  async function remove(seqs: readonly number[]): Promise<void> {
    await store.batch(
      seqs.map((seq) => ({ key: keyOf(seq), value: undefined })),
      { durable: false },
    );
    for (const seq of seqs) release(seq);
    changed();
  }

  function hold(seq: number, value: string, at: EpochMs): void {
    const size = Buffer.byteLength(value);
    held.set(seq, { bytes: size, at });
    bytes += size;
  }

  function release(seq: number): void {
    bytes -= held.get(seq)?.bytes ?? 0;
    held.delete(seq);
  }

  /** The oldest entries that must go so that `values` fit. */
  function oldestToDrop(values: readonly string[]): number[] {
    let count = held.size + values.length;
    let size = values.reduce((sum, value) => sum + Buffer.byteLength(value), bytes);
    const drop: number[] = [];
    for (const [seq, entry] of held) {
      if (count <= limits.maxEvents && size <= limits.maxBytes) break;
      drop.push(seq);
      count -= 1;
      size -= entry.bytes;
    }
    return drop;
  }

  /** Resolves with the next change, or when the signal aborts. */
  async function nextChange(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const aborted = once(signal, 'abort', { signal: stop.signal }).catch(() => undefined);
    await Promise.race([news.next(), aborted]);
    stop.abort();
  }
}

function keyOf(seq: number): string {
  return prefix + String(seq).padStart(16, '0');
}

function seqOf(key: string): number {
  return Number(key.slice(prefix.length));
}
