import type { Connection, Session } from '../broker/contract.ts';
import { messageOf } from '../lib/errors.ts';
import type { Alerts } from '../telemetry/alerts.ts';
import type { RemoteFeature } from './contract.ts';

export interface RemoteOptions {
  readonly connection: Connection;
  readonly features: readonly RemoteFeature[];
  readonly alerts: Alerts;
}

/** Subscribes to the features' topics with each session, and hands each message to the features it is for. */
export function startRemote({ connection, features, alerts }: RemoteOptions): void {
  connection.onMessage((message) => {
    for (const feature of features) {
      if (feature.filters.some((filter) => matches(filter, message.topic))) feature.onMessage(message);
    }
  });
  connection.onSession((session) => void subscribe(session));

  async function subscribe(session: Session): Promise<void> {
    try {
      await session.subscribe(features.flatMap(({ filters }) => filters));
      alerts.clear('not-subscribed');
      for (const feature of features) feature.onSession?.(session);
    } catch (error) {
      if (connection.session() !== session) return;
      alerts.raise(
        'not-subscribed',
        'error',
        `settings and commands from afar do not arrive: ${messageOf(error)}`,
      );
    }
  }
}

/** Whether a topic fits a filter with + for one level and # for all that follow [MQTT-4.7.1]. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  const rest = wanted.indexOf('#');
  if (rest === -1 && wanted.length !== levels.length) return false;
  if (levels.length < rest) return false;
  return wanted
    .slice(0, rest === -1 ? undefined : rest)
    .every((level, i) => level === '+' || level === levels[i]);
}
