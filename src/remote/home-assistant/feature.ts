import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../broker/contract.ts';
import type { StationTopics } from '../../broker/topics.ts';
import type { Config } from '../../config/schema.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { packageVersion } from '../../lib/package.ts';
import type { Store } from '../../store/contract.ts';
import type { RemoteFeature } from '../contract.ts';
import { discoveryPayload, discoveryTopic, statusTopic } from './payload.ts';

export interface HomeAssistantOptions {
  readonly config: Config;
  readonly topics: StationTopics;
  readonly store: Store;
  /** 0..1. */
  readonly random: () => number;
  readonly log: Log;
  /** Ends what waits. */
  readonly signal: AbortSignal;
  /** A fleet answers within this time after Home Assistant's start, ms. */
  readonly spreadMs?: number;
}

/** The topic of the message that the broker keeps. Written before it is published, so that none is ever forgotten. */
const markerKey = 'home-assistant/topic';

/**
 * Publishes the discovery message with each session and when Home Assistant starts, retained. A message that was published before
 * and is no longer wanted (switched off, or another prefix) is deleted from the broker. The store has to be open by the first session.
 */
export function createHomeAssistant(options: HomeAssistantOptions): RemoteFeature {
  const { config, topics, store, random, log, signal, spreadMs = 10_000 } = options;
  const { enabled, discovery_prefix: prefix } = config.home_assistant;
  const wanted = enabled ? discoveryTopic(prefix, config) : null;
  let session: Session | null = null;
  let answering = false;

  return {
    filters: enabled ? [statusTopic(prefix)] : [],
    onMessage({ payload, retain }) {
      // One that the broker has kept is no start: the message was published with the session.
      if (!retain && payload.toString() === 'online') void answer();
    },
    onSession(fresh) {
      session = fresh;
      void introduce(fresh);
    },
  };

  async function answer(): Promise<void> {
    if (answering) return;
    answering = true;
    try {
      await sleep(random() * spreadMs, undefined, { signal });
    } catch {
      return;
    } finally {
      answering = false;
    }
    if (session !== null && wanted !== null) await publish(session, wanted, message());
  }

  async function introduce(current: Session): Promise<void> {
    try {
      const marked = await store.get(markerKey);
      const gone = marked === undefined || marked === wanted || (await publish(current, marked, ''));
      // One that can't be deleted is tried again with the next session, unless another takes its place.
      if (marked !== (wanted ?? undefined) && (gone || wanted !== null)) {
        await store.batch([{ key: markerKey, value: wanted ?? undefined }], { durable: true });
      }
      if (wanted !== null) await publish(current, wanted, message());
    } catch (error) {
      if (!signal.aborted)
        log.warn({ reason: messageOf(error) }, 'Home Assistant was not told of the station');
    }
  }

  function message(): string {
    const { site, station, telemetry } = config;
    const { health_s: healthS, metrics_s: metricsS } = telemetry;
    return JSON.stringify(
      discoveryPayload({ site, station, topics, healthS, metricsS, version: packageVersion }),
    );
  }

  /** Whether the broker took it. Not where the session ended: the next one begins anew. */
  async function publish(to: Session, topic: string, payload: string): Promise<boolean> {
    try {
      await to.publish(topic, payload, { qos: 1, retain: true });
      return true;
    } catch (error) {
      const remedy = 'The ACL of the broker must let the station write there: docs/home-assistant.md.';
      if (!signal.aborted)
        log.warn(
          { topic, reason: messageOf(error), remedy },
          "the message for Home Assistant's discovery was not published",
        );
      return false;
    }
  }
}
