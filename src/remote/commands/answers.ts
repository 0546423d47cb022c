import type { Connection, Incoming, Session } from '../../broker/contract.ts';
import type { StationTopics } from '../../broker/topics.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { maxPayloadBytes, type ResPayload } from './payloads.ts';

/** Where an answer goes. */
export interface Address {
  readonly topic: string;
  readonly correlationData: Buffer | null;
}

export interface Answers {
  addressOf(name: string, message: Incoming): Address;
  /** Resolves when the broker has it, or when it was put by for the next session. Never rejects. */
  send(address: Address, answer: ResPayload): Promise<void>;
  /** Resolves when the broker has it; rejects when it is away. */
  progress(address: Address, answer: ResPayload): Promise<void>;
  /** Sends what was put by. */
  flush(session: Session): void;
}

export interface AnswersOptions {
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly log: Log;
}

/** Answers that are put by while the broker is away. */
const maxPutBy = 64;
const longestTopic = 256;

/** The way of the answers to whoever asked. */
export function createAnswers({ topics, connection, log }: AnswersOptions): Answers {
  const putBy: { readonly address: Address; readonly answer: ResPayload }[] = [];

  return {
    addressOf(name, { responseTopic, correlationData }) {
      return {
        topic: responseTopic !== null && mayAnswerOn(responseTopic) ? responseTopic : topics.res(plain(name)),
        correlationData,
      };
    },
    async send(address, answer) {
      try {
        await publishNow(address, answer);
      } catch (error) {
        log.debug({ topic: address.topic }, `an answer waits for the next session: ${messageOf(error)}`);
        putBy.push({ address, answer });
        if (putBy.length > maxPutBy) putBy.shift();
      }
    },
    progress: publishNow,
    flush(session) {
      for (const { address, answer } of putBy.splice(0)) {
        publish(session, address, answer).catch((error: unknown) => {
          log.debug({ topic: address.topic }, `an answer was not sent: ${messageOf(error)}`);
        });
      }
    },
  };

  /**
   * Whoever may give a command must not make the station publish what they could not: an answer on `checkin` or `cmd/…`
   * would be the station's word. So answers stay on `res/<one level>`, as the
   * broker's ACL has it; to another topic they are not sent.
   */
  function mayAnswerOn(topic: string): boolean {
    const own = topics.res('');
    return (
      topic.startsWith(own) && topic.length <= longestTopic && /^[^/+#\0]+$/.test(topic.slice(own.length))
    );
  }

  async function publishNow(address: Address, answer: ResPayload): Promise<void> {
    const session = connection.session();
    if (session === null) throw new Error('the broker is away');
    await publish(session, address, answer);
  }

  async function publish(session: Session, address: Address, answer: ResPayload): Promise<void> {
    const { topic, correlationData } = address;
    await session.publish(topic, textOf(answer), {
      qos: 1,
      retain: false,
      ...(correlationData === null ? {} : { correlationData }),
    });
  }
}

/** Bounded like every payload of the contract. */
function textOf(answer: ResPayload): string {
  const text = JSON.stringify(answer);
  if (Buffer.byteLength(text) <= maxPayloadBytes) return text;
  return JSON.stringify({
    id: answer.id,
    ok: false,
    error: { code: 'failed', message: 'done, but the answer is too large to be sent' },
  } satisfies ResPayload);
}

/** The name of a command as a part of a topic; what is no such name is answered on `res/unknown`. */
function plain(name: string): string {
  return /^[a-z-]{1,32}$/.test(name) ? name : 'unknown';
}
