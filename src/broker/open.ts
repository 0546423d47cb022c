import { mqttClientId } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createConnection, type ConnectionOptions } from './connection.ts';
import type { Connection } from './contract.ts';
import { readCredentials } from './credentials.ts';
import { createEmbeddedBroker } from './embedded.ts';

type ConnectionConfig = Pick<Config, 'mqtt' | 'site' | 'station'>;

interface ConnectionParts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
}

/** The connection that the config describes, with a broker of the station's own where it names none. */
export function createStationConnection(config: ConnectionConfig, parts: ConnectionParts): Connection {
  const { mqtt } = config;
  const embedded = mqtt.url === null ? createEmbeddedBroker({ ...mqtt.embedded, log: parts.log }) : null;
  return createConnection({ ...connectionOptions(config, parts), embedded });
}

/** How the config says to connect to the broker that it names. */
export function connectionOptions(
  config: ConnectionConfig,
  { clock, log, random }: ConnectionParts,
): ConnectionOptions {
  const { mqtt } = config;
  return {
    url: mqtt.url ?? '',
    embedded: null,
    version: mqtt.version === 'auto' ? 'auto' : mqtt.version === 5 ? '5' : '3.1.1',
    clientId: mqttClientId(config),
    username: mqtt.username,
    credentials: () => readCredentials(mqtt),
    acknowledgeByHand: null,
    sessionExpiryS: mqtt.session_expiry_s,
    keepaliveS: mqtt.keepalive_s,
    connectTimeoutMs: mqtt.connect_timeout_s * 1000,
    reconnectMinMs: mqtt.reconnect_min_ms,
    reconnectMaxMs: mqtt.reconnect_max_ms,
    now: () => clock.now(),
    random,
    log,
  };
}
