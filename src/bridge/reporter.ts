import type { Connection, Session, Will } from '../broker/contract.ts';
import type { BridgeTopics } from '../broker/topics.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { StatePayload, StationState } from '../telemetry/payloads.ts';
import type { BridgeHealthPayload } from './payloads.ts';

export type Trouble = 'database' | 'subscription';

export interface BridgeReporter {
  /** The will of a session to come. */
  will(sessionId: string): Will;
  /** Publishes state and health with each session, and health at intervals. */
  start(): void;
  setState(state: StationState): void;
  /** While there is trouble a bridge that is ready is degraded. Null: it is over. */
  setTrouble(trouble: Trouble, message: string | null): void;
  /** The state as it is shown, and why. */
  shown(): { readonly state: StationState; readonly troubles: Readonly<Record<string, string>> };
  /** Publishes the last state, and resolves when the broker has it or is away. */
  finish(): Promise<void>;
}

export interface BridgeReporterOptions {
  readonly topics: BridgeTopics;
  readonly connection: Connection;
  readonly health: () => BridgeHealthPayload;
  readonly healthMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the bridge says of itself: `state` (retained, and the will) and `health`. */
export function createBridgeReporter(options: BridgeReporterOptions): BridgeReporter {
  const { topics, connection, clock, log } = options;
  const troubles = new Map<Trouble, string>();
  let stage: StationState = 'starting';
  let published: StationState = stage;
  let since = clock.now();
  let timer: NodeJS.Timeout | undefined;

  return {
    will: (session) => ({ topic: topics.state, payload: JSON.stringify(payload('lost', session)) }),
    start() {
      connection.onSession((session) => {
        void publishState(session);
        void publishHealth();
      });
      timer = setInterval(() => void publishHealth(), options.healthMs);
    },
    setState(state) {
      stage = state;
      changed();
    },
    setTrouble(trouble, message) {
      if (message === null) troubles.delete(trouble);
      else troubles.set(trouble, message);
      changed();
    },
    shown: () => ({ state: shownState(), troubles: Object.fromEntries(troubles) }),
    async finish() {
      clearInterval(timer);
      stage = 'stopped';
      since = clock.now();
      await publishHealth();
      await publishState(connection.session());
    },
  };

  function shownState(): StationState {
    return stage === 'ready' && troubles.size > 0 ? 'degraded' : stage;
  }

  function changed(): void {
    const state = shownState();
    if (state === published) return;
    published = state;
    since = clock.now();
    log.info({ state, ...Object.fromEntries(troubles) }, `the bridge is ${state}`);
    void publishState(connection.session());
  }

  async function publishState(session: Session | null): Promise<void> {
    if (session === null) return;
    await publish(session, topics.state, payload(shownState(), session.id), true);
  }

  async function publishHealth(): Promise<void> {
    const session = connection.session();
    if (session !== null) await publish(session, topics.health, options.health(), false);
  }

  async function publish(session: Session, topic: string, what: object, retain: boolean): Promise<void> {
    try {
      await session.publish(topic, JSON.stringify(what), { qos: retain ? 1 : 0, retain });
    } catch (error) {
      log.debug({ topic }, `not published: ${messageOf(error)}`);
    }
  }

  function payload(state: StationState, session: string): StatePayload {
    return { schema: 'state/1', state, session, since: isoTime(since) };
  }
}
