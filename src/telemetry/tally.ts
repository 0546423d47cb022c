import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { reasons, type Reason } from '../decide/contract.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { Store, Write } from '../store/contract.ts';
import { decisiveEvent } from './metrics.ts';
import type { CheckinEvent, SummaryPayload } from './payloads.ts';

const count = z.int().min(0);
const talliedSchema = z.object({
  from: z.string(),
  captures: count,
  accepted: count,
  reasons: z.partialRecord(z.enum(reasons), count),
  failed: count,
  upMs: z.number(),
  starts: count,
  outages: count,
  offlineMs: z.number(),
  alerts: z.array(z.string()),
});
type Tallied = z.infer<typeof talliedSchema>;

/** What is counted of the events of one capture. */
interface Counted {
  /** Belongs into the batch that records them. */
  readonly write: Write;
  /** The batch is on disk. */
  keep(): void;
}

/** The counts of a day. They outlive the process: those of decisions are in the batch of the decision itself. */
export interface Tally {
  /** Reads what was counted before, and counts a start. The store must be open. */
  open(): Promise<void>;
  count(events: readonly Pick<CheckinEvent, 'decision' | 'reason' | 'similarity'>[]): Counted;
  failed(): void;
  /** The broker is away, or is there again. */
  offline(isOffline: boolean): void;
  alert(id: string): void;
  /** Writes the counts that belong to no decision. Not durable; never rejects. */
  save(): Promise<void>;
  /** What was counted, and the writes that begin anew; `keep` when they are on disk. */
  close(clock: CheckinEvent['clock']): {
    readonly summary: SummaryPayload;
    readonly write: Write;
    keep(): void;
  };
}

const key = 'meta/tally';
/** Of the alerts that were raised in a day. */
const mostAlerts = 50;

export function createTally({ store, clock }: { readonly store: Store; readonly clock: Clock }): Tally {
  let now = nothing(isoTime(clock.now()));
  /** Monotonic times up to which being up, and being offline, is in the counts. */
  let upFrom = clock.monotonic();
  let offlineFrom: number | null = null;

  const advance = () => {
    const at = clock.monotonic();
    const offlineMs = offlineFrom === null ? 0 : at - offlineFrom;
    now = { ...now, upMs: now.upMs + at - upFrom, offlineMs: now.offlineMs + offlineMs };
    upFrom = at;
    if (offlineFrom !== null) offlineFrom = at;
  };
  const writeOf = (tallied: Tallied): Write => ({ key, value: JSON.stringify(tallied) });

  return {
    async open() {
      const kept = talliedSchema.safeParse(parsed(await store.get(key)));
      const before = kept.success ? kept.data : now;
      now = { ...before, starts: before.starts + 1 };
      upFrom = clock.monotonic();
    },
    count(events) {
      const event = decisiveEvent(events);
      const add = (tallied: Tallied): Tallied => {
        if (event === undefined) return tallied;
        const { reason } = event;
        const ofReason = reason === null ? {} : { [reason]: (tallied.reasons[reason] ?? 0) + 1 };
        return {
          ...tallied,
          captures: tallied.captures + 1,
          accepted: tallied.accepted + (event.decision === 'accepted' ? 1 : 0),
          reasons: { ...tallied.reasons, ...ofReason },
        };
      };
      advance();
      return {
        write: writeOf(add(now)),
        keep: () => (now = add(now)),
      };
    },
    failed() {
      now = { ...now, failed: now.failed + 1 };
    },
    offline(isOffline) {
      if (isOffline === (offlineFrom !== null)) return;
      advance();
      offlineFrom = isOffline ? clock.monotonic() : null;
      if (isOffline) now = { ...now, outages: now.outages + 1 };
    },
    alert(id) {
      if (now.alerts.includes(id) || now.alerts.length >= mostAlerts) return;
      now = { ...now, alerts: [...now.alerts, id] };
    },
    async save() {
      advance();
      await store.batch([writeOf(now)], { durable: false }).catch(() => undefined);
    },
    close(trust) {
      advance();
      const closed = now;
      const to = isoTime(clock.now());
      const fresh = nothing(to);
      return {
        summary: summaryOf(closed, to, trust),
        write: writeOf(fresh),
        keep() {
          // What was counted while it was written belongs to the new day.
          now = { ...since(closed, now), from: to };
        },
      };
    },
  };
}

function nothing(from: string): Tallied {
  return {
    from,
    captures: 0,
    accepted: 0,
    reasons: {},
    failed: 0,
    upMs: 0,
    starts: 0,
    outages: 0,
    offlineMs: 0,
    alerts: [],
  };
}

function since(before: Tallied, after: Tallied): Tallied {
  const names = Object.keys(after.reasons) as Reason[];
  return {
    from: before.from,
    captures: after.captures - before.captures,
    accepted: after.accepted - before.accepted,
    reasons: Object.fromEntries(
      names.map((name) => [name, (after.reasons[name] ?? 0) - (before.reasons[name] ?? 0)]),
    ),
    failed: after.failed - before.failed,
    upMs: after.upMs - before.upMs,
    starts: after.starts - before.starts,
    outages: after.outages - before.outages,
    offlineMs: after.offlineMs - before.offlineMs,
    alerts: after.alerts.filter((id) => !before.alerts.includes(id)),
  };
}

function summaryOf(tallied: Tallied, to: string, clock: CheckinEvent['clock']): SummaryPayload {
  const { from, captures, accepted, failed, starts, outages, alerts } = tallied;
  return {
    schema: 'summary/1',
    summary_id: randomUUID(),
    from,
    to,
    clock,
    captures,
    decisions: { accepted, rejected: captures - accepted },
    reasons: Object.fromEntries(
      reasons.map((reason) => [reason, tallied.reasons[reason] ?? 0]),
    ) as SummaryPayload['reasons'],
    accept_rate_pct: captures === 0 ? null : round((100 * accepted) / captures, 1),
    failed,
    uptime_s: round(tallied.upMs / 1000, 0),
    starts,
    broker: { outages, offline_s: round(tallied.offlineMs / 1000, 0) },
    alerts,
  };
}

function parsed(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? 'null');
  } catch {
    return null;
  }
}
