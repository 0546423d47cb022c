import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { EmbeddedBroker } from './embedded.ts';
import type { SessionOptions } from './client.ts';
import type { Connection, Incoming, Session, Will } from './contract.ts';
import { createTroubles } from './troubles.ts';

export type Credentials = Pick<SessionOptions, 'password' | 'ca' | 'cert' | 'key'>;

export interface ConnectionOptions extends Omit<
  SessionOptions,
  'version' | 'sessionId' | 'will' | 'onMessage' | 'onAnswer' | 'onGoodbye' | 'signal' | keyof Credentials
> {
  /** Reads the files that hold secrets, for each session anew, so that a changed one is taken up. */
  readonly credentials: () => Promise<Credentials>;
  /** `auto`: MQTT 5, or 3.1.1 where the broker has no 5. */
  readonly version: 'auto' | '5' | '3.1.1';
  /** The station's own broker, which starts and ends with the connection; then `url` is not used. */
  readonly embedded: EmbeddedBroker | null;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly log: Log;
  /** 0..1, for the jitter of the pauses. */
  readonly random: () => number;
}

/** MQTT 5, DISCONNECT: another client came with the same id. */
const sessionTakenOver = 0x8e;
/** Refused topics that are remembered: some come from outside, as those of answers. */
const maxRefused = 100;

/**
 * Keeps one session open, with a fresh client for each, until it is closed. It never gives up and never throws. A session that ends soon
 * after it began counts as a failed attempt: a broker that takes the station and drops it again, or another station with the
 * same client id, makes the pauses grow like one that is away.
 */
export function createConnection(options: ConnectionOptions): Connection {
  const { log } = options;
  const listeners: ((session: Session) => void)[] = [];
  const messageListeners: ((message: Incoming) => void)[] = [];
  const refusalListeners: ((topic: string, reason: string | null) => void)[] = [];
  const refused = new Set<string>();
  const troubles = createTroubles(options);
  const stop = new AbortController();
  let version: '5' | '3.1.1' = options.version === '3.1.1' ? '3.1.1' : '5';
  let session: Session | null = null;
  let running: Promise<void> = Promise.resolve();
  let takenOver = false;

  return {
    async listen() {
      await options.embedded?.listen();
    },
    async start(will) {
      await options.embedded?.start();
      running = run(options.embedded?.url() ?? options.url, will);
    },
    session: () => session,
    onSession(listener) {
      listeners.push(listener);
    },
    onMessage(listener) {
      messageListeners.push(listener);
    },
    onTrouble: (listener) => troubles.listen(listener),
    onRefusal(listener) {
      refusalListeners.push(listener);
    },
    async close() {
      stop.abort();
      await session?.end();
      await running;
      troubles.close();
      await options.embedded?.close();
    },
  };

  async function run(url: string, will: (sessionId: string) => Will): Promise<void> {
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        session = await open(url, will);
        // Closed while it was connecting: nobody else would end this session.
        if (stop.signal.aborted) await session.end();
        const quiet = troubles.connected() ? 'debug' : 'info';
        log[quiet]({ mqtt: session.version }, 'connected to the broker');
        const since = performance.now();
        if (!stop.signal.aborted) for (const listener of listeners) listener(session);
        const reason = await session.closed;
        if (stop.signal.aborted) break;
        const { steady, known } = troubles.ended(reason, performance.now() - since, takenOver);
        failures = steady ? 0 : failures + 1;
        log[known ? 'debug' : 'warn']({ reason }, 'the connection to the broker ended; connecting again');
      } catch (error) {
        if (stop.signal.aborted) break;
        if (error instanceof MusterError && error.code === 'broker_protocol' && downgrade()) continue;
        failures += 1;
        troubles.failed(error);
      }
      session = null;
      await sleep(pauseMs(failures), undefined, { signal: stop.signal }).catch(() => undefined);
    }
    session = null;
  }

  async function open(url: string, will: (sessionId: string) => Will): Promise<Session> {
    const sessionId = randomUUID();
    const credentials = await options.credentials();
    takenOver = false;
    // Loaded here: a station decides before it connects.
    const { openSession } = await import('./client.ts');
    return await openSession({
      ...options,
      ...credentials,
      url,
      version,
      sessionId,
      will: will(sessionId),
      onMessage(message) {
        for (const listener of messageListeners) listener(message);
      },
      onAnswer: answered,
      onGoodbye: (reasonCode) => (takenOver = reasonCode === sessionTakenOver),
      signal: stop.signal,
    });
  }

  function answered(topic: string, refusal: string | null): void {
    if (refusal === null ? !refused.delete(topic) : refused.has(topic) || refused.size >= maxRefused) return;
    if (refusal !== null) refused.add(topic);
    for (const listener of refusalListeners) listener(topic, refusal);
  }

  function downgrade(): boolean {
    if (options.version !== 'auto' || version === '3.1.1') return false;
    version = '3.1.1';
    return true;
  }

  /** Doubles with each failure up to the limit; the jitter keeps a fleet from returning all at once. */
  function pauseMs(failures: number): number {
    const limit = Math.min(options.reconnectMaxMs, options.reconnectMinMs * 2 ** Math.min(failures, 20));
    return limit * (0.5 + options.random() / 2);
  }
}
