import type { Decision } from '../decide/contract.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Store, Write } from '../store/contract.ts';
import { checkinEvent, type EventFacts } from './event.ts';
import type { Outbox, OutboxEntry } from './contract.ts';

export interface Recorder {
  /** Whether this capture's decision is on disk already. */
  isRecorded(captureId: string): Promise<boolean>;
  /**
   * Applies the cool-down to the decisions of one capture and writes, in one durable batch, their events, the
   * fact that the capture is decided and the times of the accepted.
   */
  record(
    captureId: string,
    decided: readonly [Decision, Omit<EventFacts, 'decidedAt'>][],
  ): Promise<readonly OutboxEntry[]>;
  /** Forgets captures that were decided before `time`, and check-ins too old for any cool-down. Returns how many. */
  prune(time: EpochMs): Promise<number>;
}

export interface RecorderOptions {
  readonly store: Store;
  readonly outbox: Outbox;
  readonly cooldownMs: number;
  readonly now: () => EpochMs;
}

/** The recorder on the station's store. It shares the store with the outbox, so that one batch holds everything. */
export function createRecorder({ store, outbox, cooldownMs, now }: RecorderOptions): Recorder {
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
        events.push(checkinEvent(decision, { ...facts, decidedAt: now() }));
      }
      return await outbox.append(events, also);
    },

    async prune(time) {
      const old: Write[] = [];
      for await (const [key, value] of store.entries({ gte: 'decided/', lt: 'decided0' })) {
        if (Number(value) < time) old.push({ key, value: undefined });
      }
      for await (const key of store.keys({ gte: 'accepted/', lt: 'accepted0' })) {
        const at = Number(key.slice(key.lastIndexOf('/') + 1));
        if (at < time - cooldownMs) old.push({ key, value: undefined });
      }
      if (old.length > 0) await store.batch(old, { durable: false });
      return old.length;
    },
  };

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

function decidedKey(captureId: string): string {
  return `decided/${captureId}`;
}

/** Sorts by subject, then by time, for any time from 1970 to the year 5138. */
function acceptedKey(subject: string, at: EpochMs): string {
  return `accepted/${subject}/${String(Math.max(0, Math.trunc(at))).padStart(14, '0')}`;
}
