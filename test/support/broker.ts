import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { createConnection, type ConnectionOptions } from '../../src/broker/connection.ts';
import { createEmbeddedBroker, type EmbeddedBroker } from '../../src/broker/embedded.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { breachOf, contractTopicOf } from './schemas.ts';
import { silentLog } from './tools.ts';

/** An embedded broker on a free port, or on `port`. */
export async function startBroker(
  port = 0,
  cleanUp: (work: () => Promise<void>) => void = onTestFinished,
): Promise<EmbeddedBroker> {
  const broker = createEmbeddedBroker({ host: '127.0.0.1', port, log: silentLog });
  await broker.start();
  cleanUp(() => broker.close());
  return broker;
}

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/**
 * Whose messages must keep the contract: everybody's; only the station's, where a test sends it rubbish; or nobody's, where a test
 * publishes rubbish in a station's place.
 */
export type Validated = 'all' | 'station' | false;

/** A subscriber that stays, and what it has received. A payload against its published schema fails the test. */
export async function subscribe(
  url: string,
  filter = '#',
  { validate = 'all', ...options }: IClientOptions & { validate?: Validated } = {},
): Promise<{ client: MqttClient; messages: Message[] }> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 20, ...options });
  const messages: Message[] = [];
  client.on('message', (topic, payload, { retain }) => {
    messages.push({ topic, payload: payload.toString(), retain });
  });
  expectContract(client, validate);
  await client.subscribeAsync(filter, { qos: 1 });
  onTestFinished(() => void client.end(true));
  return { client, messages };
}

/** Fails the running test, at its end, where what the client receives is against the contract. */
export function expectContract(client: MqttClient, validate: Validated = 'all'): void {
  const breaches: string[] = [];
  client.on('message', (topic, payload) => {
    const heard = contractTopicOf(topic)?.direction === 'receive';
    if (validate === false || (validate === 'station' && heard)) return;
    const breach = breachOf(topic, payload.toString());
    if (breach !== null) breaches.push(breach);
  });
  onTestFinished(() => {
    if (breaches.length > 0) throw new Error(`against the contract:\n${breaches.slice(0, 5).join('\n')}`);
  });
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
