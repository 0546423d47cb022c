import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { ConnectionOptions } from '../../src/broker/connection.ts';
import type { Session } from '../../src/broker/contract.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);
const portOf = (url: string) => Number(new URL(url).port);
const will = (sessionId: string) => ({ topic: 'x/state', payload: `lost ${sessionId}` });

/** MQTT 3.1.1: accepted. */
const connack = Buffer.from([0x20, 0x02, 0x00, 0x00]);

async function connectedTo(url: string, changes: Partial<ConnectionOptions> = {}) {
  const sessions: Session[] = [];
  const connection = connectionTo(url, changes);
  connection.onSession((session) => sessions.push(session));
  await connection.start(will);
  return { connection, sessions };
}

/** A port whose owner takes connections and never answers, or only once. */
async function silentPort(answer?: Buffer) {
  let attempts = 0;
  let open = 0;
  const server = createServer((socket) => {
    attempts += 1;
    open += 1;
    socket.on('error', () => undefined);
    socket.on('close', () => (open -= 1));
    socket.once('data', () => answer && socket.write(answer));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, attempts: () => attempts, open: () => open };
}

it.each(['mqtt', 'ws', 'mqtts'])(
  'gives up an attempt that nobody answers, and tries again, with %s',
  async (scheme) => {
    const silent = await silentPort();
    const { log, lines } = recordingLog();
    const { connection } = await connectedTo(`${scheme}://127.0.0.1:${silent.port}`, {
      connectTimeoutMs: 200,
      reconnectMinMs: 50,
      reconnectMaxMs: 50,
      log,
    });
    await eventually('a third attempt', () => silent.attempts() >= 3);
    // Each waits for its answer and then for the pause, and leaves no socket behind.
    expect(silent.open()).toBeLessThanOrEqual(2);
    expect(lines().map(({ msg }) => msg)).toEqual([
      expect.stringContaining('no answer within 0.2 s') as string,
    ]);
    await connection.close();
    await eventually('no socket', () => silent.open() === 0);
  },
);

it('waits longer with each failure, up to the limit', async () => {
  const refused = await silentPort();
  const { connection } = await connectedTo(`mqtt://127.0.0.1:${refused.port}`, {
    connectTimeoutMs: 10,
    reconnectMinMs: 20,
    reconnectMaxMs: 10_000,
    random: () => 1,
  });
  await sleep(1_500);
  // 40, 80, 160, 320, 640, 1,280 ms: never hundreds.
  expect(refused.attempts()).toBeGreaterThanOrEqual(3);
  expect(refused.attempts()).toBeLessThanOrEqual(7);
  await connection.close();
});

it('takes a session that ends as soon as it begins for a failure', async () => {
  let attempts = 0;
  const server = createServer((socket) => {
    attempts += 1;
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(connack));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { connection } = await connectedTo(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    version: '3.1.1',
    reconnectMinMs: 20,
    reconnectMaxMs: 10_000,
    random: () => 1,
  });
  await sleep(1_500);
  expect(attempts).toBeLessThanOrEqual(7);
  await connection.close();
});

it('finds that nobody is there any more, and makes a fresh client and session', async () => {
  const broker = await startBroker();
  const proxy = await startProxy(portOf(broker.url()));
  const { messages } = await subscribe(broker.url(), 'x/#');
  const { sessions } = await connectedTo(`mqtt://127.0.0.1:${proxy.port}`, { keepaliveS: 1 });
  await eventually('connected', () => sessions.length === 1);
  const first = sessions[0]!;
  proxy.swallow(true);
  const lost = first.publish('x/y', 'lost', { qos: 1, retain: false });
  await expect(lost).rejects.toThrow(/connection/i);
  // The broker's patience may end before ours.
  expect(await first.closed).toMatch(/^Keepalive timeout$|^the connection was cut$/);
  proxy.swallow(false);
  await eventually('a fresh session', () => sessions.length >= 2);
  expect(sessions.at(-1)!.id).not.toBe(first.id);
  await sessions.at(-1)!.publish('x/y', 'there again', { qos: 1, retain: false });
  await eventually('the message', () => messages.some(({ payload }) => payload === 'there again'));
});

it('comes back after a cut within a message, and over a slow link', async () => {
  const broker = await startBroker();
  const proxy = await startProxy(portOf(broker.url()));
  const { messages } = await subscribe(broker.url(), 'x/#');
  const { sessions } = await connectedTo(`mqtt://127.0.0.1:${proxy.port}`);
  await eventually('connected', () => sessions.length === 1);
  proxy.cutWithinMessage();
  const text = 'x'.repeat(5_000);
  await expect(sessions[0]!.publish('x/y', text, { qos: 1, retain: false })).rejects.toThrow(/connection/i);
  await eventually('connected again', () => sessions.length === 2);
  proxy.throttle(20_000);
  await sessions[1]!.publish('x/y', text, { qos: 1, retain: false });
  await eventually('the message', () => messages.some(({ payload }) => payload === text));
  expect(sessions).toHaveLength(2);
});

it('ends also where the broker does not answer any more, and leaves no socket open', async () => {
  const silent = await silentPort(connack);
  const { connection, sessions } = await connectedTo(`mqtt://127.0.0.1:${silent.port}`, { version: '3.1.1' });
  await eventually('connected', () => sessions.length === 1);
  // mqtt.js waits for the answer before it says goodbye, and does not come back.
  const pending = sessions[0]!.publish('x/y', 'z', { qos: 1, retain: false });
  const [outcome] = await Promise.allSettled([pending, connection.close()]);
  expect(outcome.status).toBe('rejected');
  expect(await sessions[0]!.closed).toContain('did not answer');
  await eventually('no socket', () => silent.open() === 0);
});

it.skipIf(!hasMosquitto)(title('goes through ws://'), async () => {
  const broker = await startMosquitto(['allow_anonymous true'], 'ws');
  const { messages } = await subscribe(broker.url, 'x/#', { protocolVersion: 5 });
  const { sessions } = await connectedTo(broker.url);
  await eventually('connected', () => sessions.length === 1);
  await sessions[0]!.publish('x/y', 'hello', { qos: 1, retain: false });
  await eventually('the message', () => messages.length === 1);
  await broker.restart('SIGKILL');
  await eventually('a fresh session', () => sessions.length === 2);
});

it.skipIf(!hasMosquitto || !hasOpenssl)(title('goes through wss://'), async () => {
  const authority = createAuthority(await temporaryFolder(), 'site-ca');
  const { certFile, keyFile } = authority.issue('server');
  const broker = await startMosquitto(
    ['allow_anonymous true', `certfile ${certFile}`, `keyfile ${keyFile}`],
    'wss',
  );
  const { sessions } = await connectedTo(broker.url, {
    credentials: () => Promise.resolve({ password: null, ca: authority.ca, cert: null, key: null }),
  });
  await eventually('connected', () => sessions.length === 1);
  await sessions[0]!.publish('x/y', 'hello', { qos: 1, retain: false });
});
