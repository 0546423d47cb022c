import { randomUUID } from 'node:crypto';
import { brokerUrlAt } from '../../broker/address.ts';
import { openSession, type SessionOptions } from '../../broker/client.ts';
import type { Session } from '../../broker/contract.ts';
import { readCredentials } from '../../broker/credentials.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/clock.ts';
import { MusterError } from '../../lib/errors.ts';
import type { OpenSession } from './retained.ts';

/**
 * Opens sessions for a person who publishes, with the config's broker, user and certificates (where `mqtt.url` is null: the
 * embedded broker of the station that runs here), under client ids of their own. They reject as openSession does.
 */
export function publisherSessions({
  mqtt,
  site,
  gallery,
}: Pick<Config, 'mqtt' | 'site' | 'gallery'>): OpenSession {
  const { host, port } = mqtt.embedded;
  return async (onMessage) => {
    const id = randomUUID();
    const options = {
      ...(await readCredentials(mqtt)),
      url: mqtt.url ?? brokerUrlAt(host, port),
      clientId: `muster-publish-${id.slice(0, 8)}`,
      username: mqtt.username,
      keepaliveS: mqtt.keepalive_s,
      connectTimeoutMs: mqtt.connect_timeout_s * 1000,
      sessionId: id,
      // A session has a will; this one says nothing: an empty retained message on a topic where nothing is kept.
      will: { topic: `muster/1/${site}/gallery/${gallery.name}/publisher`, payload: '' },
      sessionExpiryS: 0,
      acknowledgeByHand: null,
      onMessage,
      now: () => systemClock.now(),
    };
    if (mqtt.version !== 'auto')
      return openSession({ ...options, version: mqtt.version === 5 ? '5' : '3.1.1' });
    return openWithEither(options);
  };
}

async function openWithEither(options: Omit<SessionOptions, 'version'>): Promise<Session> {
  try {
    return await openSession({ ...options, version: '5' });
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== 'broker_protocol') throw error;
    return openSession({ ...options, version: '3.1.1' });
  }
}
