import type { Connection } from '../broker/contract.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Store, Write } from '../store/contract.ts';
import type { SummaryPayload } from './payloads.ts';

export interface Summaries {
  /** Writes a summary durably, together with `also`, and sends it when there is a broker. Resolves when it is on disk. */
  add(summary: SummaryPayload, also: readonly Write[]): Promise<void>;
  /** Sends what waits. Never rejects. */
  send(): Promise<void>;
}

export interface SummariesOptions {
  readonly store: Store;
  readonly connection: Connection;
  readonly topic: string;
  readonly log: Log;
}

const range = { gte: 'summary/', lt: 'summary0' };
/** Days that wait for a broker at the most; then the oldest goes. */
const most = 62;

/** The summaries of days that no broker has taken yet. Each is sent until it is acknowledged; it may come twice, with the same id. */
export function createSummaries({ store, connection, topic, log }: SummariesOptions): Summaries {
  let sending: Promise<void> = Promise.resolve();

  return {
    async add(summary, also) {
      const waiting: string[] = [];
      for await (const key of store.keys(range)) waiting.push(key);
      const tooMany = waiting.slice(0, Math.max(0, waiting.length + 1 - most));
      const key = `summary/${summary.to}-${summary.summary_id}`;
      await store.batch(
        [
          { key, value: JSON.stringify(summary) },
          ...tooMany.map((old) => ({ key: old, value: undefined })),
          ...also,
        ],
        { durable: true },
      );
      void send();
    },
    send,
  };

  function send(): Promise<void> {
    sending = sending.then(sendAll).catch((error: unknown) => {
      log.debug({ topic }, `not published: ${messageOf(error)}`);
    });
    return sending;
  }

  async function sendAll(): Promise<void> {
    for await (const [key, value] of store.entries(range)) {
      const session = connection.session();
      if (session === null) return;
      await session.publish(topic, value, { qos: 1, retain: false });
      await store.batch([{ key, value: undefined }], { durable: false });
    }
  }
}
