import type { EpochMs } from '../lib/clock.ts';
import type { NumberedEvent, OutboxEntry, OutboxLimits } from './contract.ts';

interface Held {
  readonly bytes: number;
  readonly at: EpochMs;
  readonly stream: string;
  /** Its clock was not set. */
  readonly unset: boolean;
}

/** What is known of an outbox's entries without reading them: size, time and stream of each, in order. */
export interface OutboxLedger {
  /** Adds an entry behind the others, or notes what has become of one that is held. */
  hold(seq: number, json: string, event: NumberedEvent): void;
  /** Returns whether it was held. */
  release(seq: number): boolean;
  has(seq: number): boolean;
  depth(): number;
  bytes(): number;
  /** When the oldest was decided; null where there is none. */
  oldest(): EpochMs | null;
  /** Whether no more is to be taken; never where the oldest make room. */
  isFull(): boolean;
  /** The oldest entries that must go so that the new ones fit. */
  oldestToDrop(added: readonly OutboxEntry[]): readonly number[];
  /** The entries of a stream whose numbers lie in one of the ranges, ends included. */
  within(stream: string, ranges: readonly (readonly [from: number, to: number])[]): readonly number[];
  /** Whether an entry of the stream has a time of a clock that was not set. */
  hasUnset(stream: string): boolean;
}

export function createOutboxLedger({ maxEvents, maxBytes, whenFull }: OutboxLimits): OutboxLedger {
  const held = new Map<number, Held>();
  let bytes = 0;

  return {
    hold(seq, json, event) {
      const size = Buffer.byteLength(json);
      bytes += size - (held.get(seq)?.bytes ?? 0);
      const { decided_at: at, stream, clock } = event;
      held.set(seq, { bytes: size, at: Date.parse(at), stream, unset: clock === 'unsynced' });
    },
    release(seq) {
      bytes -= held.get(seq)?.bytes ?? 0;
      return held.delete(seq);
    },
    has: (seq) => held.has(seq),
    depth: () => held.size,
    bytes: () => bytes,
    oldest: () => held.values().next().value?.at ?? null,
    isFull: () => whenFull === 'refuse' && (held.size >= maxEvents || bytes >= maxBytes),
    oldestToDrop(added) {
      if (whenFull !== 'drop_oldest') return [];
      let count = held.size + added.length;
      let size = added.reduce((sum, { json }) => sum + Buffer.byteLength(json), bytes);
      const drop: number[] = [];
      for (const [seq, entry] of held) {
        if (count <= maxEvents && size <= maxBytes) break;
        drop.push(seq);
        count -= 1;
        size -= entry.bytes;
      }
      return drop;
    },
    within(stream, ranges) {
      const isWithin = (seq: number) => ranges.some(([from, to]) => from <= seq && seq <= to);
      return [...held].flatMap(([seq, entry]) => (entry.stream === stream && isWithin(seq) ? [seq] : []));
    },
    hasUnset: (stream) => [...held.values()].some((entry) => entry.unset && entry.stream === stream),
  };
}
