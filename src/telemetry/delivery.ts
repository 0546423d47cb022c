import type { Session } from '../broker/contract.ts';
import { createBell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Outbox, OutboxEntry } from './contract.ts';

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly topic: string;
  /** How many events may be on their way to the broker at once. */
  readonly inFlight: number;
  /** How long to wait after the broker refused an event, or the outbox could not be read, ms. */
  readonly refusedPauseMs: number;
  /**
   * Whose word deletes an event: the broker's (PUBACK), or that of a consumer, who acknowledges on the station's `ack` topic. Then
   * at most `window` events wait for it, and what has waited for `timeoutMs` is sent again.
   */
  readonly confirmedBy: 'broker' | { readonly timeoutMs: number; readonly window: number };
  /** Nothing is sent before; left out: at once. */
  readonly after?: Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How many events are read from the outbox at a time. */
const readAtOnce = 256;

/**
 * Sends what the outbox holds over one session, in order, until the session ends, and deletes what was
 * confirmed. Resolves when the session has ended; never rejects. What was not confirmed stays in the outbox and is
 * sent again, from the oldest on: within the session when it was refused or is overdue, else by the next session.
 */
export async function deliver(session: Session, options: DeliveryOptions): Promise<void> {
  const { outbox, clock, confirmedBy, log } = options;
  /** Events up to here are no news: they were recorded before the session began, or sent before. */
  let replayedUpTo = outbox.lastSeq();
  let sentUpTo = 0;
  /** What the broker has, by the time it was sent, until a consumer has it too. */
  const unconfirmed = new Map<number, number>();
  const taken: number[] = [];
  let removing: Promise<void> | null = null;
  /** Read from the outbox, to be sent next, and of which edition. */
  let ahead: OutboxEntry[] = [];
  let edition = outbox.edition();
  let flying = 0;
  let refused = false;
  let open = true;
  let unreadable = false;
  const news = createBell();
  const stopListening = outbox.onChange(() => news.ring());
  void session.closed.then(() => {
    open = false;
    news.ring();
  });

  await Promise.race([options.after, session.closed]);
  while (open) {
    try {
      await sendOn();
    } catch (error) {
      if (!unreadable) log.warn({ reason: messageOf(error) }, 'the outbox can not be read; trying again');
      unreadable = true;
      await within(options.refusedPauseMs, session.closed);
    }
  }
  stopListening();
  await confirmed();

  /** One round: what was confirmed, what is to be sent, and the wait for news. */
  async function sendOn(): Promise<void> {
    const woken = news.next();
    confirm();
    if (refused && flying === 0) {
      await within(options.refusedPauseMs, session.closed);
      refused = false;
      await startAgain();
    }
    const dueInMs = msUntilOverdue();
    if (dueInMs <= 0 && flying === 0) await startAgain();
    await sendUpTo(refused ? 0 : roomNow());
    unreadable = false;
    await within(dueInMs, woken);
  }

  async function sendUpTo(room: number): Promise<void> {
    for (let left = room; left > 0 && open;) {
      if (ahead.length === 0 || edition !== outbox.edition()) {
        edition = outbox.edition();
        ahead = [...(await outbox.read(sentUpTo, readAtOnce))];
      }
      const entry = ahead.shift();
      if (entry === undefined) return;
      sentUpTo = entry.seq;
      // It may have been given up since it was read.
      if (!outbox.has(entry.seq)) continue;
      send(entry);
      left -= 1;
    }
  }

  /** Deletes what the broker has, in the background, or notes which of it a consumer has. */
  function confirm(): void {
    if (confirmedBy !== 'broker') {
      for (const seq of taken.splice(0)) unconfirmed.set(seq, clock.monotonic());
      for (const seq of unconfirmed.keys()) if (!outbox.has(seq)) unconfirmed.delete(seq);
    } else if (taken.length > 0 && removing === null) {
      removing = outbox.remove(taken.splice(0)).finally(() => {
        removing = null;
        news.ring();
      });
    }
  }

  /** Resolves when all that the broker has is deleted or noted. */
  async function confirmed(): Promise<void> {
    confirm();
    while (removing !== null) {
      await removing;
      confirm();
    }
  }

  function roomNow(): number {
    const room = options.inFlight - flying;
    return confirmedBy === 'broker' ? room : Math.min(room, confirmedBy.window - flying - unconfirmed.size);
  }

  /** Infinity while nothing waits for a consumer. */
  function msUntilOverdue(): number {
    const oldest = unconfirmed.values().next().value;
    if (confirmedBy === 'broker' || oldest === undefined) return Number.POSITIVE_INFINITY;
    return oldest + confirmedBy.timeoutMs - clock.monotonic();
  }

  /** Back to the oldest event that the outbox still has. */
  async function startAgain(): Promise<void> {
    await confirmed();
    ahead = [];
    replayedUpTo = Math.max(replayedUpTo, sentUpTo);
    sentUpTo = 0;
    unconfirmed.clear();
  }

  function send({ seq, json }: OutboxEntry): void {
    // The object's last member is added to its text: making it anew takes longer than sending it.
    const payload = `${json.slice(0, -1)},"replayed":${seq <= replayedUpTo}}`;
    flying += 1;
    session
      .publish(options.topic, payload, { qos: 1, retain: false })
      .then(() => taken.push(seq))
      .catch((error: unknown) => {
        // A refusal is told by the connection, once.
        const known = error instanceof MusterError && error.code === 'publish_refused';
        if (open && !refused && !known)
          log.warn({ seq }, `the broker did not take an event: ${messageOf(error)}`);
        refused = true;
      })
      .finally(() => {
        flying -= 1;
        news.ring();
      });
  }
}

/** Resolves with the first of the two; Infinity is no time at all. */
async function within(ms: number, event: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    if (Number.isFinite(ms)) timer = setTimeout(resolve, Math.max(1, ms)).unref();
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}
