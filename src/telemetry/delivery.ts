import type { Session } from '../broker/contract.ts';
import { createBell } from '../lib/bell.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Outbox, OutboxEntry } from './outbox.ts';
import type { CheckinEvent } from './payloads.ts';

export interface DeliveryOptions {
  readonly outbox: Outbox;
  readonly topic: string;
  /** How many events may be on their way at once. */
  readonly inFlight: number;
  /** How long to wait after the broker refused an event, ms. */
  readonly refusedPauseMs: number;
  readonly log: Log;
}

/**
 * Sends what the outbox holds over one session, in order, until the session ends, and deletes what the
 * broker acknowledged. Resolves when the session has ended; never rejects. What was under way when it
 * ended stays in the outbox and is sent again by the next session, from the oldest on.
 */
export async function deliver(session: Session, options: DeliveryOptions): Promise<void> {
  const { outbox, log } = options;
  /** Events up to here were recorded before the session began. */
  const replayedUpTo = outbox.lastSeq();
  const acknowledged: number[] = [];
  let flying = 0;
  let refused = false;
  let open = true;
  const news = createBell();
  const stopListening = outbox.onChange(() => news.ring());
  void session.closed.then(() => {
    open = false;
    news.ring();
  });

  let sentUpTo = 0;
  try {
    while (open) {
      const woken = news.next();
      if (acknowledged.length > 0) await outbox.remove(acknowledged.splice(0));
      if (refused && flying === 0) {
        await Promise.race([session.closed, pause(options.refusedPauseMs)]);
        refused = false;
        sentUpTo = 0;
      }
      const room = refused ? 0 : options.inFlight - flying;
      const entries = room > 0 ? await outbox.read(sentUpTo, room) : [];
      for (const entry of entries) {
        sentUpTo = entry.seq;
        send(entry);
      }
      if (entries.length < room || room === 0) await woken;
    }
    if (acknowledged.length > 0) await outbox.remove(acknowledged);
  } catch (error) {
    log.error({ err: error }, 'the outbox can not be read; ending the session to try again');
    await session.end();
  } finally {
    stopListening();
  }

  function send({ seq, event }: OutboxEntry): void {
    const payload: CheckinEvent = { ...event, replayed: seq <= replayedUpTo };
    flying += 1;
    session
      .publish(options.topic, JSON.stringify(payload), { qos: 1, retain: false })
      .then(() => acknowledged.push(seq))
      .catch((error: unknown) => {
        if (open && !refused) log.warn({ seq }, `the broker did not take an event: ${messageOf(error)}`);
        refused = true;
      })
      .finally(() => {
        flying -= 1;
        news.ring();
      });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
