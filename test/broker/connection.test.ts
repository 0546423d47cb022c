import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { createEmbeddedBroker } from '../../src/broker/embedded.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, recordingLog, silentLog } from '../support/tools.ts';

const will = (sessionId: string) => ({ topic: 'x/state', payload: `lost ${sessionId}` });

async function connectedTo(url: string, changes = {}) {
  const sessions: Session[] = [];
  const connection = connectionTo(url, changes);
  connection.onSession((session) => sessions.push(session));
  await connection.start(will);
  return { connection, sessions };
}

const portOf = (url: string) => Number(new URL(url).port);

describe('connection', () => {
  it('falls back to MQTT 3.1.1 where the broker has no 5, and publishes', async () => {
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'x/#');
    const { sessions } = await connectedTo(broker.url());
    await eventually('connected', () => sessions.length === 1);
    expect(sessions[0]?.version).toBe('3.1.1');
    await sessions[0]?.publish('x/y', 'hello', { qos: 1, retain: false });
    await eventually('the message', () => messages.length > 0);
    expect(messages).toEqual([{ topic: 'x/y', payload: 'hello', retain: false }]);
  });

  it('ends also when it is closed while it connects', async () => {
    const broker = await startBroker();
    const options = { version: '3.1.1', reconnectMinMs: 1, reconnectMaxMs: 1 } as const;
    let opening!: () => void;
    const begun = new Promise<void>((resolve) => (opening = resolve));
    const { connection, sessions } = await connectedTo(broker.url(), {
      ...options,
      credentials() {
        opening();
        return Promise.resolve({ password: null, ca: null, cert: null, key: null });
      },
    });
    await begun;
    await connection.close();
    expect(sessions).toEqual([]);
    expect(connection.session()).toBeNull();
  });

  it('does not fall back when MQTT 5 is asked for', async () => {
    const broker = await startBroker();
    const { log, lines } = recordingLog();
    const { sessions } = await connectedTo(broker.url(), { version: '5', log });
    await eventually('a word on it', () =>
      lines().some((line) => line.msg.includes('does not speak MQTT 5')),
    );
    expect(sessions).toEqual([]);
  });

  it('leaves its will, with its session, when it is cut off, and comes back as a new session', async () => {
    const broker = await startBroker();
    const proxy = await startProxy(portOf(broker.url()));
    const { messages } = await subscribe(broker.url(), 'x/#');
    const { sessions } = await connectedTo(`mqtt://127.0.0.1:${proxy.port}`);
    await eventually('connected', () => sessions.length === 1);
    proxy.cut();
    await eventually('connected again', () => sessions.length === 2);
    await eventually('the will', () => messages.length === 1);
    expect(messages[0]?.payload).toBe(`lost ${sessions[0]?.id}`);
    expect(sessions[1]?.id).not.toBe(sessions[0]?.id);
  });

  it('rejects what was under way when it is cut off', async () => {
    // A broker that accepts and then says nothing more.
    const server = createServer((socket) => {
      socket.once('data', () => socket.write(Buffer.from([0x20, 0x02, 0x00, 0x00])));
      socket.on('error', () => undefined);
      setTimeout(() => socket.destroy(), 300);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { sessions } = await connectedTo(url, { version: '3.1.1' });
    await eventually('connected', () => sessions.length > 0);
    await expect(sessions[0]?.publish('x', 'y', { qos: 1, retain: false })).rejects.toThrow(/connection/i);
  });

  it('waits for a broker that is away, and says so once', async () => {
    const first = await startBroker();
    const port = portOf(first.url());
    await first.close();
    const { log, lines } = recordingLog();
    const { sessions } = await connectedTo(`mqtt://127.0.0.1:${port}`, { log });
    await eventually('several attempts', async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      return true;
    });
    const words = lines().filter((line) => line.msg.includes("can't be reached"));
    expect(words).toHaveLength(1);
    expect(words[0]).toMatchObject({ msg: expect.stringContaining(`127.0.0.1:${port}`) as string });
    await startBroker(port);
    await eventually('connected', () => sessions.length === 1);
  });

  it('says goodbye when it is closed: no will is left', async () => {
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'x/#');
    const { connection, sessions } = await connectedTo(broker.url());
    await eventually('connected', () => sessions.length === 1);
    await connection.close();
    expect(connection.session()).toBeNull();
    await sessions[0]?.closed;
    const second = await connectedTo(broker.url());
    await eventually('connected', () => second.sessions.length === 1);
    expect(messages).toEqual([]);
  });

  it('closes at once while the broker is away', async () => {
    const { connection } = await connectedTo('mqtt://127.0.0.1:1', {
      reconnectMinMs: 60_000,
      reconnectMaxMs: 60_000,
    });
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    const started = Date.now();
    await connection.close();
    expect(Date.now() - started).toBeLessThan(30_000);
  });
});

describe('embedded broker', () => {
  it('takes its port before it serves, and serves who came early', async () => {
    const broker = createEmbeddedBroker({ host: '127.0.0.1', port: 0, log: silentLog });
    onTestFinished(() => broker.close());
    await broker.listen();
    const port = portOf(broker.url());
    const second = createEmbeddedBroker({ host: '127.0.0.1', port, log: silentLog });
    await expect(second.listen()).rejects.toMatchObject({ code: 'broker_port' });
    const connection = connectionTo(broker.url());
    const sessions: Session[] = [];
    connection.onSession((session) => sessions.push(session));
    await connection.start(will);
    const gone = connect(port, '127.0.0.1');
    await once(gone, 'connect');
    gone.destroy();
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    expect(sessions).toEqual([]);
    await broker.start();
    expect(portOf(broker.url())).toBe(port);
    await eventually('a session', () => sessions.length === 1);
  });

  it('ends with clients that it has not served', async () => {
    const broker = createEmbeddedBroker({ host: '127.0.0.1', port: 0, log: silentLog });
    await broker.listen();
    const client = connect(portOf(broker.url()), '127.0.0.1');
    await once(client, 'connect');
    const ended = once(client, 'close');
    await broker.close();
    expect(await ended).toEqual([false]);
  });

  it('says whose port it wanted', async () => {
    const broker = await startBroker();
    const second = createEmbeddedBroker({ host: '127.0.0.1', port: portOf(broker.url()), log: silentLog });
    await expect(second.start()).rejects.toMatchObject({
      code: 'broker_port',
      message: expect.stringContaining('the port is in use') as string,
      remedy: expect.stringContaining('MUSTER_MQTT__URL=') as string,
    });
  });
});

describe('messages', () => {
  it('reach the listeners, with what was missed while the session was away', async () => {
    const broker = await startBroker();
    const { client } = await subscribe(broker.url(), 'none');
    const received: string[] = [];
    const listen = async () => {
      const sessions: Session[] = [];
      const connection = connectionTo(broker.url(), { sessionExpiryS: 60 });
      connection.onSession((session) => sessions.push(session));
      connection.onMessage(({ topic, payload, retain }) =>
        received.push(`${topic} ${payload.toString()} ${retain}`),
      );
      await connection.start(will);
      await eventually('connected', () => sessions.length === 1);
      return { connection, session: sessions[0] };
    };
    await client.publishAsync('x/kept', 'a', { qos: 1, retain: true });
    const first = await listen();
    await first.session?.subscribe(['x/+']);
    await client.publishAsync('x/live', 'b', { qos: 1 });
    await eventually('both messages', () => received.length === 2);
    await first.connection.close();
    await client.publishAsync('x/missed', 'c', { qos: 1 });
    const second = await listen();
    await eventually('the missed message', () => received.length === 3);
    expect(received).toEqual(['x/kept a true', 'x/live b false', 'x/missed c false']);
    await second.connection.close();
  });
});
