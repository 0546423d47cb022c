import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent, StatePayload } from '../../src/telemetry/payloads.ts';
import { connectionTo } from '../support/broker.ts';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.ts';
import { startStation } from '../support/station.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const runs = hasMosquitto && hasOpenssl;
const title = runs ? 'the shipped Mosquitto configuration' : 'skipped: mosquitto or openssl is not installed';
const station = 'muster/1/default/door-1';

/** Mosquitto with the shipped configuration and ACL; only paths and the port are the test's. */
async function site() {
  const dir = await temporaryFolder();
  const authority = createAuthority(dir, 'site-ca');
  const server = authority.issue('server');
  const shipped = await readFile(join(packageRoot, 'deploy/mosquitto/mosquitto.conf'), 'utf8');
  const acl = join(dir, 'acl');
  // Mosquitto insists on a last line feed, and on a file of its own user.
  await writeFile(acl, await readFile(join(packageRoot, 'deploy/mosquitto/acl'), 'utf8'));
  const settings = shipped
    .replace(/^listener .*$/m, '')
    .replace('/etc/mosquitto/muster/ca.crt', authority.caFile)
    .replace('/etc/mosquitto/muster/server.crt', server.certFile)
    .replace('/etc/mosquitto/muster/server.key', server.keyFile)
    .replace('/etc/mosquitto/muster/acl', acl)
    .replace('/var/lib/mosquitto/', `${dir}/`);
  const { url } = await startMosquitto(settings.split('\n'), 'mqtts');
  const as = (name: string): IClientOptions => {
    const { cert, key } = authority.issue(name);
    return { ca: authority.ca, cert, key, protocolVersion: 5, reconnectPeriod: 0 };
  };
  const connect = async (name: string) => {
    const client = await connectAsync(url, as(name));
    onTestFinished(() => void client.end(true));
    return client;
  };
  return { dir, authority, url, connect };
}

/** MQTT 5: not authorised. */
const notAuthorised = 0x87;

describe.skipIf(!runs)(title, () => {
  it('lets a station do all that it must', { timeout: 60_000 }, async () => {
    const { dir, authority, url, connect } = await site();
    const { certFile, keyFile } = authority.issue('door-1');
    const desk = await connect('admin');
    const messages: { topic: string; payload: string }[] = [];
    desk.on('message', (topic, payload) => messages.push({ topic, payload: payload.toString() }));
    await desk.subscribeAsync('muster/1/default/door-1/#', { qos: 1 });
    const running = startStation(dir, {
      MUSTER_STATION: 'door-1',
      MUSTER_MQTT__URL: url,
      MUSTER_MQTT__CA_FILE: authority.caFile,
      MUSTER_MQTT__CERT_FILE: certFile,
      MUSTER_MQTT__KEY_FILE: keyFile,
      MUSTER_TELEMETRY__METRICS_S: '1',
    });
    await running.ready;
    await writeFile(join(dir, 'data', 'inbox', 'a.jpg'), await portraits.stranger());
    const topics = ['state', 'info', 'health', 'metrics', 'checkin'].map((name) => `${station}/${name}`);
    await eventually('everything a station says', () =>
      topics.every((topic) => messages.some((each) => each.topic === topic)),
    );
    const event = messages.find((each) => each.topic === `${station}/checkin`)?.payload ?? '';
    expect((JSON.parse(event) as CheckinEvent).reason).toBe('gallery_empty');
    expect(await running.stop()).toBe(0);
    await eventually('its last word', () => {
      const state = messages.findLast((each) => each.topic === `${station}/state`);
      return (JSON.parse(state?.payload ?? '{}') as Partial<StatePayload>).state === 'stopped';
    });
    expect(running.lines.filter((line) => /not published|refused/.test(line.msg))).toEqual([]);
  });

  it.each([
    `${station}/cmd/ping`,
    `${station}/config/desired`,
    `${station}/ack`,
    'muster/1/default/door-2/state',
    'muster/1/default/door-2/checkin',
    'muster/1/default/door-2/cmd/restart',
    'muster/1/default/door-2/res/ping',
    'muster/1/default/config/desired',
    'muster/1/default/gallery/main/manifest',
    'muster/1/default/gallery/main/t/alice/0',
    'muster/1/other/door-1/state',
    'homeassistant/device/x/config',
    'anything',
  ])('refuses a station to write %s', async (topic) => {
    const { connect } = await site();
    const client = await connect('door-1');
    await expect(client.publishAsync(topic, 'x', { qos: 1 })).rejects.toMatchObject({ code: notAuthorised });
  });

  it('lets a station read its own commands, settings, acks and galleries, and nothing else', async () => {
    const { connect } = await site();
    const [client, desk] = [await connect('door-1'), await connect('admin')];
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    await client.subscribeAsync('#', { qos: 1 });
    const own = ['cmd/ping', 'config/desired', 'ack'].map((name) => `${station}/${name}`);
    const site1 = ['muster/1/default/config/desired', 'muster/1/default/gallery/main/manifest'];
    const foreign = ['state', 'checkin', 'cmd/ping', 'config/desired', 'ack'].map(
      (name) => `muster/1/default/door-2/${name}`,
    );
    for (const topic of [...foreign, ...own, ...site1]) await desk.publishAsync(topic, 'x', { qos: 1 });
    await eventually('its own', () => received.length >= own.length + site1.length);
    expect(received).toEqual([...own, ...site1]);
  });

  it('lets a consumer read events and acknowledge, but neither command nor see a template', async () => {
    const { connect } = await site();
    const [bridge, desk] = [await connect('bridge'), await connect('admin')];
    const received: string[] = [];
    bridge.on('message', (topic) => received.push(topic));
    await bridge.subscribeAsync('#', { qos: 1 });
    await bridge.publishAsync(`${station}/ack`, '{}', { qos: 1 });
    for (const name of ['gallery/main/t/alice/0', 'door-1/checkin']) {
      await desk.publishAsync(`muster/1/default/${name}`, 'x', { qos: 1 });
    }
    await eventually('the event', () => received.length > 0);
    expect(received).toEqual([`${station}/checkin`]);
    await expect(bridge.publishAsync(`${station}/cmd/ping`, 'x', { qos: 1 })).rejects.toMatchObject({
      code: notAuthorised,
    });
  });

  it('says in one line that the broker is not of the authority, or wants a certificate', async () => {
    const { dir, authority, url } = await site();
    const stranger = createAuthority(dir, 'strange-ca');
    const good = authority.issue('door-1');
    const wrong: [RegExp, { ca: string; cert: string | null; key: string | null }][] = [
      [
        /no TLS connection to the broker mqtts:.*certificate/,
        { ca: stranger.ca, cert: good.cert, key: good.key },
      ],
      [/the broker mqtts:\/\/127/, { ca: authority.ca, cert: null, key: null }],
      [/the broker mqtts:\/\/127/, { ca: authority.ca, ...stranger.issue('door-1') }],
    ];
    for (const [message, { ca, cert, key }] of wrong) {
      const { log, lines } = recordingLog();
      const sessions: Session[] = [];
      const credentials = () => Promise.resolve({ password: null, ca, cert, key });
      const connection = connectionTo(url, { credentials, log });
      connection.onSession((session) => sessions.push(session));
      await connection.start(() => ({ topic: 'x', payload: '' }));
      await eventually('a word on it', () => lines().length > 0);
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      expect(lines().map((line) => line.msg)).toEqual([expect.stringMatching(message)]);
      expect(sessions).toEqual([]);
      await connection.close();
    }
  });
});
