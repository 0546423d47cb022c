import type { Incoming } from '../broker/contract.ts';

/** One message of QoS 1 that the broker waits to be acknowledged. */
export interface OpenMessage {
  /** Tells that the broker may forget it, as soon as those before it may be forgotten too. */
  done(): void;
  /** Its session has ended: the broker sends it again. */
  stale(): boolean;
}

type Message = Pick<Incoming, 'acknowledge' | 'payload'>;

export interface Intake {
  /** Null when too much is open: then the message stays with the broker until the next session. */
  take(message: Message): OpenMessage | null;
  /** Forgets the messages of the session that ended: the broker sends them again. */
  sessionEnded(): void;
  /** How many are not acknowledged. */
  open(): number;
}

export interface IntakeOptions {
  /** How much may be open, bytes. */
  readonly maxBytes: number;
  /** Called when messages were left with the broker and nothing is open any more. */
  readonly onRoom: () => void;
  readonly onAcknowledged: (count: number) => void;
}

/** What a message costs beside its payload, bytes: its line and what keeps account of it. Estimated from above. */
export const overheadBytes = 2_048;

/**
 * Acknowledges in the order of arrival [MQTT-4.6.0-2], and bounds what is open also where the broker does not: MQTT 3.1.1 has no
 * receive maximum, and Mosquitto 2.0.11 sends up to a whole window more for each acknowledgement.
 */
export function createIntake({ maxBytes, onRoom, onAcknowledged }: IntakeOptions): Intake {
  let queue: { readonly message: Message; done: boolean }[] = [];
  let bytes = 0;
  let left = false;

  return {
    take(message) {
      const cost = costOf(message);
      // Once one is left out, all later ones are: acknowledging is in order.
      left ||= queue.length > 0 && bytes + cost > maxBytes;
      if (left) return null;
      const entry = { message, done: false };
      const session = queue;
      queue.push(entry);
      bytes += cost;
      return {
        done() {
          entry.done = true;
          if (session === queue) acknowledge();
        },
        stale: () => session !== queue,
      };
    },
    sessionEnded() {
      queue = [];
      bytes = 0;
      left = false;
    },
    open: () => queue.length,
  };

  function acknowledge(): void {
    const end = queue.findIndex(({ done }) => !done);
    const ready = queue.splice(0, end === -1 ? queue.length : end);
    if (ready.length === 0) return;
    for (const { message } of ready) {
      message.acknowledge();
      bytes -= costOf(message);
    }
    onAcknowledged(ready.length);
    if (left && queue.length === 0) onRoom();
  }
}

const costOf = ({ payload }: Message) => payload.length + overheadBytes;
