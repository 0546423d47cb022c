import type { Decision } from '../decide/contract.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Store, Write } from '../store/contract.ts';
import { checkinEvent, type EventFacts } from './event.ts';
import type { NumberedEvent, Outbox, OutboxEntry } from './contract.ts';
import type { Tally } from './tally.ts';

export interface Recorder {
  /** Whether this capture's decision is on disk already. */
  isRecorded(captureId: string): Promise<boolean>;
  /**
   * Applies the cool-down to the decisions of one capture and writes, in one durable batch, their events, the
   * fact that the capture is decided and the times of the accepted.
   */
  record(
    captureId: string,
    decided: readonly [Decision, Omit<EventFacts, 'decidedAt' | 'uptimeMs'>][],
  ): Promise<readonly OutboxEntry[]>;
  /**
   * Forgets captures that were decided before `time`, of the others the oldest beyond `most`, and check-ins too old for any cool-down.
   * Returns how many.
   */
  prune(time: EpochMs, most: number): Promise<number>;
}

export interface RecorderOptions {
  readonly store: Store;
  readonly outbox: Outbox;
  readonly cooldownMs: number;
  readonly now: () => EpochMs;
  /** Since the machine was started, ms; null or left out: not told. */
  readonly uptimeMs?: () => number | null;
  /** Counts what is recorded. */
  readonly tally?: Tally;
}

/** The recorder on the station's store. It shares the store with the outbox, so that one batch holds everything. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { store, outbox, cooldownMs, now, uptimeMs = () => null, tally } = options;
  return {
    async isRecorded(captureId) {
      return (await store.get(decidedKey(captureId))) !== undefined;
    },

    async record(captureId, decided) {
      const also: Write[] = [{ key: decidedKey(captureId), value: String(now()) }];
      const events = [];
      for (const [tentative, facts] of decided) {
        const decision = await coolDown(tentative, facts.capturedAt);
        if (decision.decision === 'accepted') {
          also.push({ key: acceptedKey(decision.subject, facts.capturedAt), value: facts.eventId });
        }
        events.push(checkinEvent(decision, { ...facts, decidedAt: now(), uptimeMs: uptimeMs() }));
      }
      const counted = tally?.count(events);
      if (counted !== undefined) also.push(counted.write);
      const entries = await outbox.append(events, also);
      counted?.keep();
      return entries;
    },

    async prune(time, most) {
      const times: number[] = [];
      for await (const [, value] of store.entries(decidedRange)) times.push(Number(value));
      const oldestKept =
        times.length <= most ? time : Float64Array.from(times).toSorted()[times.length - most]!;
      const from = Math.max(time, oldestKept);
      return (
        (await deleteWhere(decidedRange, (_, value) => Number(value) < from)) +
        (await deleteWhere(acceptedRange, (key) => timeOfAccepted(key) < from - cooldownMs))
      );
    },
  };

  /** A part at a time, so that others have their turn between two. */
  async function deleteWhere(
    range: typeof decidedRange,
    isOld: (key: string, value: string) => boolean,
  ): Promise<number> {
    let deleted = 0;
    let batch: Write[] = [];
    const flush = async () => {
      if (batch.length > 0) await store.batch(batch, { durable: false });
      deleted += batch.length;
      batch = [];
    };
    for await (const [key, value] of store.entries(range)) {
      if (isOld(key, value)) batch.push({ key, value: undefined });
      if (batch.length >= deletedAtOnce) await flush();
    }
    await flush();
    return deleted;
  }

  /**
   * Rejects an accepted subject that was accepted within the cool-down before or after, by the time of
   * capture: a backlog that is worked off late, or out of order, decides as it would have at the time.
   */
  async function coolDown(decision: Decision, at: EpochMs): Promise<Decision> {
    if (decision.decision !== 'accepted' || cooldownMs === 0) return decision;
    const { subject, face, similarity, margin } = decision;
    const range = {
      gte: acceptedKey(subject, at - cooldownMs + 1),
      lt: acceptedKey(subject, at + cooldownMs),
      limit: 1,
    };
    for await (const _key of store.keys(range)) {
      return { face, decision: 'rejected', reason: 'cooldown', gate: null, subject, similarity, margin };
    }
    return decision;
  }
}

/** Notes an acceptance whose time was corrected, for the cool-down. */
export function acceptedAgain({ decision, subject, captured_at, event_id }: NumberedEvent): readonly Write[] {
  if (decision !== 'accepted' || subject === null) return [];
  return [{ key: acceptedKey(subject, Date.parse(captured_at)), value: event_id }];
}

const decidedRange = { gte: 'decided/', lt: 'decided0' };
const acceptedRange = { gte: 'accepted/', lt: 'accepted0' };
const deletedAtOnce = 1_000;

function timeOfAccepted(key: string): EpochMs {
  return Number(key.slice(key.lastIndexOf('/') + 1));
}

function decidedKey(captureId: string): string {
  return `decided/${captureId}`;
}

/** Sorts by subject, then by time, for any time from 1970 to the year 5138. */
function acceptedKey(subject: string, at: EpochMs): string {
  return `accepted/${subject}/${String(Math.max(0, Math.trunc(at))).padStart(14, '0')}`;
}
