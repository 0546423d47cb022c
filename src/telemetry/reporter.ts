import type { Connection, PublishOptions, Session, Will } from '../broker/contract.ts';
import type { StationTopics } from '../broker/topics.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { alertIds, isDegrading, type AlertId, type Alerts } from './alerts.ts';
import type { News } from './feed.ts';
import type {
  HealthPayload,
  InfoPayload,
  MetricsPayload,
  StatePayload,
  StationState,
  VerificationPayload,
} from './payloads.ts';

export interface Reporter {
  /** The will of a session to come. */
  will(sessionId: string): Will;
  /** Publishes what is retained with each session, and health and metrics at intervals. Call it before the connection starts. */
  start(): void;
  setState(state: StationState): void;
  /** Publishes the station's info, now and with each session to come. */
  setInfo(info: InfoPayload): void;
  /** Publishes what was compared over HTTP, where there is a broker. */
  tellVerification(verification: VerificationPayload): void;
  /** Publishes the last state, and resolves when the broker has it or is away. */
  finish(state: StationState): Promise<void>;
}

export interface ReporterOptions {
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly alerts: Alerts;
  readonly health: () => Promise<HealthPayload>;
  readonly metrics: () => MetricsPayload;
  /** Is told what is published, whether there is a broker or not. */
  readonly tell: (news: News) => void;
  readonly healthMs: number;
  readonly metricsMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Publishes what the station says of itself. State, info and alerts are retained and published anew with each
 * session; health and metrics are sent while there is a session and are not kept for later.
 */
export function createReporter(options: ReporterOptions): Reporter {
  const { topics, connection, alerts, clock, tell } = options;
  const timers: NodeJS.Timeout[] = [];
  let state: StationState = 'starting';
  let since = clock.now();
  let info: InfoPayload | null = null;
  /** Alerts that the broker may keep: at first any, from a life before this one. */
  const kept = new Set<AlertId>(alertIds);
  /** Something of what is retained did not get there. */
  let unsaid = false;

  return {
    will: (sessionId) => ({ topic: topics.state, payload: JSON.stringify(statePayload('lost', sessionId)) }),
    start() {
      alerts.onChange((id, alert) => {
        tell({ kind: 'alert', payload: { id, alert } });
        void publishAlert(id, alert);
        void publishState();
      });
      connection.onSession(() => {
        announce();
        void publishHealth();
      });
      timers.push(setInterval(() => void publishHealth(), options.healthMs));
      timers.push(setInterval(() => unsaid && announce(), options.healthMs));
      timers.push(setInterval(() => void publishMetrics(), options.metricsMs));
    },
    setState(next) {
      change(next);
      void publishState();
    },
    setInfo(next) {
      info = next;
      tell({ kind: 'info', payload: next });
      void retained(topics.info, next);
    },
    tellVerification: (verification) =>
      void publish(topics.verification, JSON.stringify(verification), { qos: 1, retain: false }),
    async finish(last) {
      for (const timer of timers) clearInterval(timer);
      change(last);
      await publishMetrics();
      await publishState();
    },
  };

  function change(next: StationState): void {
    if (next === state) return;
    state = next;
    since = clock.now();
  }

  /** Everything that the broker is to keep. */
  function announce(): void {
    unsaid = false;
    void publishState();
    if (info !== null) void retained(topics.info, info);
    const active = new Map(alerts.active().map((alert) => [alert.id as AlertId, alert]));
    for (const id of new Set([...kept, ...active.keys()])) void publishAlert(id, active.get(id) ?? null);
  }

  async function publishAlert(id: AlertId, alert: object | null): Promise<void> {
    if (alert !== null) kept.add(id);
    const taken = await retained(topics.alert(id), alert);
    const isRaised = alerts.active().some((each) => each.id === id);
    if (taken && alert === null && !isRaised) kept.delete(id);
  }

  async function publishState(): Promise<void> {
    const shown = state === 'ready' && alerts.active().some(isDegrading) ? 'degraded' : state;
    tell({ kind: 'state', payload: { state: shown, since: isoTime(since) } });
    const session = connection.session();
    if (session === null) return;
    await retained(topics.state, statePayload(shown, session.id), session);
  }

  async function publishHealth(): Promise<void> {
    try {
      const payload = await options.health();
      tell({ kind: 'health', payload });
      await passing(topics.health, payload);
    } catch (error) {
      options.log.debug({ topic: topics.health }, `not measured: ${messageOf(error)}`);
    }
  }

  async function publishMetrics(): Promise<void> {
    const payload = options.metrics();
    tell({ kind: 'metrics', payload });
    await passing(topics.metrics, payload);
  }

  /** QoS 1, kept by the broker; null deletes what it keeps. Returns whether the broker has it. */
  async function retained(topic: string, payload: object | null, session?: Session): Promise<boolean> {
    const text = payload === null ? '' : JSON.stringify(payload);
    return await publish(topic, text, { qos: 1, retain: true }, session);
  }

  /** QoS 0, not kept. */
  async function passing(topic: string, payload: object): Promise<void> {
    await publish(topic, JSON.stringify(payload), { qos: 0, retain: false });
  }

  async function publish(
    topic: string,
    payload: string,
    how: PublishOptions,
    to?: Session,
  ): Promise<boolean> {
    const session = to ?? connection.session();
    if (session === null) return false;
    try {
      await session.publish(topic, payload, how);
      return true;
    } catch (error) {
      if (how.retain) unsaid = true;
      options.log.debug({ topic }, `not published: ${messageOf(error)}`);
      return false;
    }
  }

  function statePayload(shown: StationState, session: string): StatePayload {
    return { schema: 'state/1', state: shown, session, since: isoTime(since) };
  }
}
