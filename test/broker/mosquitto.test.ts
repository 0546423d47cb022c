import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
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
