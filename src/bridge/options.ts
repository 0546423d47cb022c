import { join } from 'node:path';
import { brokerUrlAt } from '../broker/address.ts';
import type { ConnectionOptions } from '../broker/connection.ts';
import { connectionOptions } from '../broker/open.ts';
import type { Config } from '../config/schema.ts';
import { readSecret } from '../config/secret.ts';
import type { Clock } from '../lib/clock.ts';
import { MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

export interface BridgeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
}

/**
 * How the bridge connects: to the broker that the config names, else to the station's own. In the station's process it never
 * takes the client id that is set there, which is the station's.
 */
export function bridgeConnectionOptions(
  config: Config,
  parts: BridgeParts,
  inStation: boolean,
): ConnectionOptions {
  const { mqtt, bridge } = config;
  const { host, port } = mqtt.embedded;
  if (mqtt.url === null && port === 0) {
    throw new MusterError('bridge_broker', "the bridge can't know the port of the embedded broker", {
      remedy: 'Set mqtt.embedded.port to a port of your choice, or mqtt.url to a broker.',
    });
  }
  // With the site: bridges of several sites may share a broker, and each is called main unless told otherwise.
  const ownId = `muster-bridge-${config.site}-${bridge.name}`;
  return {
    ...connectionOptions(config, parts),
    url: mqtt.url ?? brokerUrlAt(host, port),
    clientId: inStation ? ownId : (mqtt.client_id ?? ownId),
    acknowledgeByHand: { window: bridge.window },
  };
}

export interface InfluxSettings {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly username: string | null;
  readonly token: string | null;
  readonly timeoutMs: number;
}

/** Throws MusterError `influx_url` without a database, and `secret_unreadable`. */
export async function influxSettings({ influx }: Pick<Config, 'influx'>): Promise<InfluxSettings> {
  if (influx.url === null) {
    throw new MusterError('influx_url', 'influx.url is not set: the bridge has no database to write to', {
      remedy:
        'Set influx.url to that of InfluxDB or VictoriaMetrics, such as MUSTER_INFLUX__URL=http://127.0.0.1:8086. docs/bridge.md has the settings for each.',
    });
  }
  const { url, org, bucket, username, timeout_s } = influx;
  const password = await readSecret(influx, 'password');
  const token = username === null ? await readSecret(influx, 'token') : `${username}:${password ?? ''}`;
  return { url, org, bucket, username, token, timeoutMs: timeout_s * 1000 };
}

export function deadLetterDir({ data_dir, bridge }: Pick<Config, 'data_dir' | 'bridge'>): string {
  return bridge.dead_letters.path ?? join(data_dir, 'dead-letters');
}
