import type { Connection, Session, Will } from '../broker/contract.ts';
import type { StationTopics } from '../broker/topics.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Alerts } from './alerts.ts';
import type { InfoPayload, MetricsPayload, HealthPayload, StatePayload, StationState } from './payloads.ts';

export interface Reporter {
  /** The will of a session to come. */
  will(sessionId: string): Will;
  /** Starts to publish health and metrics. */
  start(): void;
  setState(state: StationState): void;
  /** Publishes the last state and waits until the broker has it, for a moment at most. */
  finish(state: StationState): Promise<void>;
  /** Publishes the station's info, now and with each session to come. */
  setInfo(info: InfoPayload): void;
}

export interface ReporterOptions {
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly alerts: Alerts;
  readonly health: () => Promise<HealthPayload>;
  readonly metrics: () => MetricsPayload;
  readonly healthMs: number;
  readonly metricsMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Publishes what the station says of itself. State, info and alerts are retained and published anew with each
 * session; health and metrics are sent when there is a session and are not kept for later.
 */
export function createReporter(options: ReporterOptions): Reporter {
  const { topics, alerts, clock } = options;
  const timers: NodeJS.Timeout[] = [];
  let state: StationState = 'starting';
  let since = clock.now();
  let info: InfoPayload | null = null;

  alerts.onChange((id, alert) => {
    publish(topics.alert(id), alert === null ? '' : JSON.stringify(alert), 1);
    publishState();
  });

  return {
    will: (sessionId) => ({ topic: topics.state, payload: JSON.stringify(statePayload('lost', sessionId)) }),
    start() {
      options.connection.onSession((session) => {
        publishState(session);
        publishInfo();
        for (const alert of alerts.active()) publish(topics.alert(alert.id), JSON.stringify(alert), 1);
        void publishHealth();
      });
      timers.push(setInterval(() => void publishHealth(), options.healthMs));
      timers.push(
        setInterval(() => publish(topics.metrics, JSON.stringify(options.metrics()), 0), options.metricsMs),
      );
    },
    setState(next) {
      if (next === state) return;
      state = next;
      since = clock.now();
      publishState();
    },
    async finish(last) {
      for (const timer of timers) clearInterval(timer);
      state = last;
      since = clock.now();
      const session = options.connection.session();
      if (session === null) return;
      publish(topics.metrics, JSON.stringify(options.metrics()), 0);
      await publishState(session);
    },
    setInfo(next) {
      info = next;
      publishInfo();
    },
  };

  function publishState(session = options.connection.session()): Promise<void> | undefined {
    if (session === null) return undefined;
    const shown = state === 'ready' && alerts.active().length > 0 ? 'degraded' : state;
    return publish(topics.state, JSON.stringify(statePayload(shown, session.id)), 1, session);
  }

  function publishInfo(): void {
    if (info !== null) publish(topics.info, JSON.stringify(info), 1);
  }

  async function publishHealth(): Promise<void> {
    publish(topics.health, JSON.stringify(await options.health()), 0);
  }

  /** QoS 1 messages of this kind are retained, the others not. */
  function publish(
    topic: string,
    payload: string,
    qos: 0 | 1,
    session: Session | null = options.connection.session(),
  ): Promise<void> | undefined {
    return session?.publish(topic, payload, { qos, retain: qos === 1 }).catch((error: unknown) => {
      options.log.debug({ topic }, `not published: ${messageOf(error)}`);
    });
  }

  function statePayload(shown: StationState, session: string): StatePayload {
    return { schema: 'state/1', state: shown, session, since: isoTime(since) };
  }
}
