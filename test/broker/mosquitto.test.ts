import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Incoming, Session } from '../../src/broker/contract.ts';
import { connectionTo, subscribe } from '../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);
const will = (sessionId: string) => ({ topic: 'x/state', payload: `lost ${sessionId}` });

it.skipIf(!hasMosquitto)(title('speaks MQTT 5 with a broker that has it'), async () => {
  const broker = await startMosquitto();
  const { messages } = await subscribe(broker.url, 'x/#', { protocolVersion: 5 });
  const sessions: Session[] = [];
  const connection = connectionTo(broker.url);
  connection.onSession((session) => sessions.push(session));
  await connection.start(will);
  await eventually('connected', () => sessions.length === 1);
  expect(sessions[0]?.version).toBe('5');
  await sessions[0]?.publish('x/y', 'hello', { qos: 1, retain: true });
  await eventually('the message', () => messages.length === 1);
  expect(messages[0]).toMatchObject({ topic: 'x/y', payload: 'hello' });
});

it.skipIf(!hasMosquitto)(title('speaks MQTT 3.1.1 when it is told to'), async () => {
  const broker = await startMosquitto();
  const sessions: Session[] = [];
  const connection = connectionTo(broker.url, { version: '3.1.1' });
  connection.onSession((session) => sessions.push(session));
  await connection.start(will);
  await eventually('connected', () => sessions.length === 1);
  expect(sessions[0]?.version).toBe('3.1.1');
});

it.skipIf(!hasMosquitto)(
  title('says once that it is refused, without the password, and goes on trying'),
  async () => {
    const passwords = join(await temporaryFolder(), 'passwords');
    await writeFile(passwords, '');
    spawnSync('mosquitto_passwd', ['-b', passwords, 'station', 'the right one']);
    const broker = await startMosquitto(['allow_anonymous false', `password_file ${passwords}`]);
    const { log, lines } = recordingLog();
    let password = 'a wrong one';
    const sessions: Session[] = [];
    const connection = connectionTo(broker.url, {
      username: 'station',
      credentials: () => Promise.resolve({ password, ca: null, cert: null, key: null }),
      log,
    });
    connection.onSession((session) => sessions.push(session));
    await connection.start(will);
    await eventually('a word on it', () => lines().length > 0);
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      msg: expect.stringContaining("refused the station as user 'station'") as string,
      remedy: expect.stringContaining('mqtt.password_file') as string,
    });
    expect(JSON.stringify(lines())).not.toContain(password);
    password = 'the right one';
    await eventually('connected', () => sessions.length === 1);
  },
);

it.skipIf(!hasMosquitto).each([
  ['5', ['max_inflight_messages 100']],
  // MQTT 3.1.1 has no receive maximum: the broker's own limit holds.
  ['3.1.1', ['max_inflight_messages 5']],
] as const)(
  title('leaves messages with the broker until they are acknowledged by hand, in MQTT %s'),
  async (version, settings) => {
    const broker = await startMosquitto(['allow_anonymous true', ...settings]);
    const messages: Incoming[] = [];
    const sessions: Session[] = [];
    const options = { version, sessionExpiryS: 60, acknowledgeByHand: { window: 5 } };
    const first = connectionTo(broker.url, options);
    first.onSession((session) => {
      sessions.push(session);
      void session.subscribe(['x/#']);
    });
    first.onMessage((message) => messages.push(message));
    await first.start(will);
    await eventually('connected', () => sessions.length === 1);
    const { client } = await subscribe(broker.url, 'none');
    const texts = Array.from({ length: 12 }, (_, i) => `${i}`);
    for (const text of texts) await client.publishAsync('x/y', text, { qos: 1 });
    const received = () =>
      messages.filter(({ topic }) => topic === 'x/y').map(({ payload }) => payload.toString());
    await eventually('the window is full', () => received().length === 5);
    for (const message of messages.splice(0, 3)) message.acknowledge();
    // Mosquitto 2.0 sends some more than the window once it got an acknowledgement.
    await eventually('three more', () => received().length >= 5);
    expect(received().slice(0, 5)).toEqual(texts.slice(3, 8));

    // What was not acknowledged comes again, to the next session of the same client.
    await first.close();
    messages.splice(0);
    const second = connectionTo(broker.url, options);
    second.onMessage((message) => {
      messages.push(message);
      message.acknowledge();
    });
    await second.start(will);
    await eventually('the rest', () => received().length === 9);
    expect(received().toSorted((a, b) => Number(a) - Number(b))).toEqual(texts.slice(3));
  },
);
