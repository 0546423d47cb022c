import type { EpochMs } from '../lib/clock.ts';
import type { Write } from '../store/contract.ts';
import type { UnnumberedEvent } from './event.ts';
import type { CheckinEvent } from './payloads.ts';

/** An event as the outbox keeps it; whether it is a replay is known only when it is sent. */
export type NumberedEvent = Omit<CheckinEvent, 'replayed'>;

export interface OutboxEntry {
  readonly seq: number;
  readonly event: NumberedEvent;
  /** The event as it is kept: an object in JSON. */
  readonly json: string;
}

export interface OutboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** At the limit: take no more events, or delete the oldest for the new. */
  readonly whenFull: 'refuse' | 'drop_oldest';
}

export interface OutboxOptions {
  /** Waits between attempts to delete what was acknowledged, while the disk takes no writes, ms. */
  readonly retryMs?: number;
  /** Calls back with the number of entries that could not be read and were set aside, since the start. */
  readonly onUnreadable?: (count: number) => void;
}

/** What is known of the store when the outbox is opened. */
export interface OutboxOpening {
  /** The store was damaged: newer numbers may be lost, so a new stream begins. */
  readonly damaged?: boolean;
  /**
   * Changes with each start of the machine; null where it is unknown. What a power cut took from a disk that had promised to keep it
   * can't be told: so each start begins a new stream, and no number comes back within one.
   */
  readonly bootId?: string | null;
}

export interface Revision {
  readonly event: NumberedEvent;
  readonly also: readonly Write[];
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
 * It reads anew what it holds when the store was opened anew.
 */
export interface Outbox {
  open(opening?: OutboxOpening): Promise<void>;
  /**
   * Numbers the events, in the order of the calls, and writes them together with `also` in one durable batch; calls that come while a
   * batch is on its way to the disk share the next. An append may go over the limit by its own events; wait for `room` before the
   * work that leads to one.
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
  /**
   * Gives up what was acknowledged: it is not held any more. On disk it is deleted when the disk takes it; not durably, so that
   * a power cut may bring entries back, and they are sent again.
   */
  remove(seqs: readonly number[]): Promise<void>;
  /** Deletes what a consumer says it has; numbers of another stream are not ours. Returns how many were deleted. */
  acknowledge(stream: string, ranges: readonly (readonly [from: number, to: number])[]): Promise<number>;
  /**
   * Writes events that wait anew, each as `change` gives it (null: it stays), in durable batches together with what belongs to them.
   * Resolves with their number. One that is on its way to the broker may arrive as it was, and again as it is now.
   */
  revise(change: (event: NumberedEvent) => Revision | null): Promise<number>;
  /** Grows with each revision: what was read before may be old. */
  edition(): number;
  /** The stream of new events. */
  stream(): string;
  /** Whether events of that stream wait that were made before the clock was set. */
  hasUnset(): boolean;
  /** Whether it still holds this event. */
  has(seq: number): boolean;
  /** The number of the newest event, 0 before the first. */
  lastSeq(): number;
  stats(): OutboxStats;
  /** Calls back after each append and removal; returns what ends that. */
  onChange(listener: () => void): () => void;
}
