import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { createConnection, type ConnectionOptions } from '../../src/broker/connection.ts';
import { createEmbeddedBroker, type EmbeddedBroker } from '../../src/broker/embedded.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from './tools.ts';

/** An embedded broker on a free port, or on `port`. */
export async function startBroker(port = 0): Promise<EmbeddedBroker> {
  const broker = createEmbeddedBroker({ host: '127.0.0.1', port, log: silentLog });
  await broker.start();
  onTestFinished(() => broker.close());
  return broker;
}

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** A subscriber that stays, and what it has received. */
export async function subscribe(
  url: string,
  filter = '#',
  options: IClientOptions = {},
): Promise<{ client: MqttClient; messages: Message[] }> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 20, ...options });
  const messages: Message[] = [];
  client.on('message', (topic, payload, { retain }) => {
    messages.push({ topic, payload: payload.toString(), retain });
  });
  await client.subscribeAsync(filter, { qos: 1 });
  onTestFinished(() => void client.end(true));
  return { client, messages };
}

export function connectionTo(url: string, changes: Partial<ConnectionOptions> = {}) {
  const connection = createConnection({
    url,
    embedded: null,
    version: 'auto',
    clientId: 'muster-test',
    username: null,
    credentials: () => Promise.resolve({ password: null, ca: null, cert: null, key: null }),
    sessionExpiryS: 0,
    acknowledgeByHand: null,
    keepaliveS: 30,
    connectTimeoutMs: 5_000,
    reconnectMinMs: 20,
    reconnectMaxMs: 100,
    now: () => systemClock.now(),
    random: Math.random,
    log: silentLog,
    ...changes,
  });
  onTestFinished(() => connection.close());
  return connection;
}
