import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent, StatePayload } from '../../src/telemetry/payloads.ts';
import { connectionTo } from '../support/broker.ts';
import { createAuthority } from '../support/certificates.ts';
import { runsShippedBroker, startShippedBroker, withoutShippedBroker } from '../support/shipped-broker.ts';
import { startStation } from '../support/station.ts';
import { eventually, recordingLog } from '../support/tools.ts';

const title = runsShippedBroker ? 'the shipped Mosquitto configuration' : withoutShippedBroker;
const station = 'muster/1/default/door-1';

/** MQTT 5: not authorised. */
const notAuthorised = 0x87;

describe.skipIf(!runsShippedBroker)(title, () => {
  it('lets a station do all that it must', { timeout: 60_000 }, async () => {
    const { dir, authority, url, connect } = await startShippedBroker();
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
    'homeassistant/device/muster-default-door-2/config',
    'homeassistant/status',
    'anything',
  ])('refuses a station to write %s', async (topic) => {
    const { connect } = await startShippedBroker();
    const client = await connect('door-1');
    await expect(client.publishAsync(topic, 'x', { qos: 1 })).rejects.toMatchObject({ code: notAuthorised });
  });

  it('lets a station read its own commands, settings, acks and galleries, and nothing else', async () => {
    const { connect } = await startShippedBroker();
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

  it('lets a station introduce itself to Home Assistant, and Home Assistant read no template', async () => {
    const { connect } = await startShippedBroker();
    const [client, home, desk] = [
      await connect('door-1'),
      await connect('homeassistant'),
      await connect('admin'),
    ];
    const heard = { station: [] as string[], home: [] as string[] };
    client.on('message', (topic) => heard.station.push(topic));
    home.on('message', (topic) => heard.home.push(topic));
    await client.subscribeAsync('homeassistant/#', { qos: 1 });
    await home.subscribeAsync('#', { qos: 1 });
    const discovery = 'homeassistant/device/muster-default-door-1/config';
    await client.publishAsync(discovery, '{}', { qos: 1, retain: true });
    await desk.publishAsync('muster/1/default/gallery/main/t/alice/0', 'x', { qos: 1 });
    await desk.publishAsync(`${station}/cmd/ping`, 'x', { qos: 1 });
    await client.publishAsync(`${station}/state`, 'x', { qos: 1 });
    await home.publishAsync('homeassistant/status', 'online', { qos: 1 });
    await eventually('all', () => heard.station.length > 0 && heard.home.length > 2);
    expect(heard.station).toEqual(['homeassistant/status']);
    expect(heard.home).toEqual([discovery, `${station}/state`, 'homeassistant/status']);
    await expect(home.publishAsync(`${station}/cmd/ping`, 'x', { qos: 1 })).rejects.toMatchObject({
      code: notAuthorised,
    });
  });

  it('lets a consumer read events and acknowledge, but neither command nor see a template', async () => {
    const { connect } = await startShippedBroker();
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
    const { dir, authority, url } = await startShippedBroker();
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
