import type { BridgedKind } from '../broker/topics.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { ProgressCheck } from '../service/contract.ts';

/**
 * The bridge in one line: message → point → line → database → acknowledgements. A check-in's message stays with the broker until
 * its line is in the database (or its message in the dead-letter folder), so a bridge that dies loses nothing; a line that is written
 * again is the same point.
 */

export type FieldType = 'float' | 'int' | 'boolean' | 'string';

/** One point as the database shall hold it, in no database's own form. */
export interface Point {
  readonly measurement: BridgedKind;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: readonly (readonly [name: string, type: FieldType, value: number | boolean | string])[];
  /** Nanoseconds since 1970, which a number can't hold. */
  readonly timeNs: bigint;
}

/** Which event of which outbox: what a station is acknowledged. */
export interface EventNumber {
  readonly site: string;
  readonly station: string;
  readonly stream: string;
  readonly seq: number;
}

/** What became of a message's content. */
export type Reading =
  | {
      readonly outcome: 'point';
      readonly point: Point;
      /** Of a check-in; null for health and metrics. */
      readonly event: EventNumber | null;
      /** When the event was decided, for the delay; null for health and metrics. */
      readonly decidedAt: EpochMs | null;
    }
  | {
      readonly outcome: 'bad';
      readonly reason: string;
      /** Where enough of it could be read to spare the station from sending it again. */
      readonly event: EventNumber | null;
    };

/** How a request to the database ended. */
export type WriteOutcome =
  | { readonly kind: 'written' }
  /** It can't be reached, is busy or is broken: the same request may work later. */
  | { readonly kind: 'away'; readonly reason: string; readonly retryAfterMs: number | null }
  /** Token, bucket or rights: nothing can be written until a person mends it. */
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly remedy: string }
  /** At least one of the points is not to its liking. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'too_large'; readonly reason: string };

/** The database as lines of text. The one who holds it closes it. */
export interface Database {
  /** Puts a line into the next batch. Batches are written, and tried again for a while, without further ado. */
  add(line: string): void;
  /** Writes these lines in one request, once. Never rejects. */
  write(lines: readonly string[]): Promise<WriteOutcome>;
  /** Sends what waits for its batch to be full. */
  flush(): Promise<void>;
  /** The line of a point. */
  lineOf(point: Point): string;
  /** Forgets what is not written. */
  close(): void;
}

export interface DatabaseEvents {
  /** A batch is in the database. */
  written(lines: readonly string[]): void;
  /** A request failed; the batch is tried again by itself. */
  failing(outcome: WriteOutcome): void;
  /** A batch comes back, since trying again by itself is of no use or lasted long enough. */
  handedBack(lines: readonly string[], outcome: WriteOutcome): void;
}

export interface Bridge {
  /** Rejects when the bridge can't go on for a reason that a person must mend; pending else. */
  readonly failed: Promise<never>;
  /** Rejects with the reason when what it has taken does not get on. */
  readonly progress: ProgressCheck;
  /** Ends it: what is open is written for a moment, the rest stays with the broker. */
  close(): Promise<void>;
}
