import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { contractTopics } from '../../src/contract-topics.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { expectContract } from '../support/broker.ts';
import { contractTopicOf } from '../support/schemas.ts';
import { runsShippedBroker, startShippedBroker, withoutShippedBroker } from '../support/shipped-broker.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually } from '../support/tools.ts';

const title = runsShippedBroker ? 'at the shipped broker' : withoutShippedBroker;
const site = 'muster/1/default';
const root = `${site}/door-1`;

/** MQTT 5: not authorised. */
const notAuthorised = 0x87;

interface Seen {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** The fields of several payloads; the schemas are checked elsewhere. */
interface Said {
  readonly state?: string;
  readonly status?: string;
  readonly rev?: number;
  readonly id?: string;
  readonly ok?: boolean;
  readonly data?: object;
  readonly captures?: number;
  readonly match?: boolean;
  readonly applied?: { readonly rev: number; readonly site_rev: number };
}

/** Everything that is published at the site, with the QoS and the flag that it was published with. */
async function watch(desk: MqttClient): Promise<Seen[]> {
  const seen: Seen[] = [];
  desk.on('message', (topic, payload, { qos, retain }) => {
    seen.push({ topic, payload: payload.toString(), qos, retain });
  });
  expectContract(desk);
  await desk.subscribeAsync(`${site}/#`, { qos: 2, rap: true });
  return seen;
}

describe.skipIf(!runsShippedBroker)(title, () => {
  it(
    'a station does all that the contract has, each with its QoS and retain flag',
    { timeout: 120_000 },
    async () => {
      const { dir, authority, url, connect } = await startShippedBroker();
      const desk = await connect('admin');
      const seen = await watch(desk);
      const newest = (topic: string) =>
        JSON.parse(seen.findLast((each) => each.topic === topic)?.payload || '{}') as Said;
      const put = (topic: string, payload: object, retain: boolean) =>
        desk.publishAsync(topic, JSON.stringify(payload), { qos: 1, retain });
      const credentials = (name: string) => {
        const { certFile, keyFile } = authority.issue(name);
        return {
          MUSTER_MQTT__URL: url,
          MUSTER_MQTT__CA_FILE: authority.caFile,
          MUSTER_MQTT__CERT_FILE: certFile,
          MUSTER_MQTT__KEY_FILE: keyFile,
        };
      };

      const office = join(dir, 'office');
      await mkdir(join(office, 'people'), { recursive: true });
      await writeFile(join(office, 'people', 'alice.jpg'), await portraits.alice());
      const publisher = async (...args: string[]) => {
        const { status, stderr } = await muster(office, args, credentials('admin'));
        expect(status, stderr).toBe(0);
      };
      await publisher('gallery', 'keygen', 'keys');
      await publisher('enroll', 'people');

      const httpPort = await freePort();
      const running = startStation(dir, {
        ...credentials('door-1'),
        MUSTER_STATION: 'door-1',
        MUSTER_TELEMETRY__METRICS_S: '1',
        MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
        MUSTER_HTTP__PORT: String(httpPort),
        MUSTER_GALLERY__PUBLIC_KEY_FILE: join(office, 'keys/gallery.pub'),
        MUSTER_GALLERY__ENCRYPTION_KEY_FILE: join(office, 'keys/gallery.aes'),
      });
      await running.ready;
      const own = ['--key', 'keys/gallery.key', '--encryption-key', 'keys/gallery.aes'];
      await publisher('gallery', 'publish', ...own);
      const gallery = () => newest(`${root}/gallery/reported`);
      await eventually('the gallery', () => gallery().status === 'in_sync' && gallery().rev === 1);

      const events = () =>
        seen
          .filter(({ topic }) => topic === `${root}/checkin`)
          .map(({ payload }) => JSON.parse(payload) as CheckinEvent);
      for (const [name, photo] of [
        ['a', portraits.aliceAgain],
        ['b', portraits.stranger],
      ] as const) {
        const before = events().length;
        await writeFile(join(dir, 'data', 'inbox', `${name}.jpg`), await photo());
        await eventually(`the event of ${name}`, () => events().length > before);
      }
      expect(events().map(({ subject, reason }) => subject ?? reason)).toEqual(['alice', 'unknown']);
      const form = new FormData();
      form.append('reference', new Blob([new Uint8Array(await portraits.alice())]), 'reference.jpg');
      form.append('sample', new Blob([new Uint8Array(await portraits.aliceAgain())]), 'sample.jpg');
      const compared = await fetch(`http://127.0.0.1:${httpPort}/photo_match`, {
        method: 'POST',
        body: form,
      });
      expect(await compared.json()).toMatchObject({ match_status: 1 });
      await eventually('the verification', () => newest(`${root}/verification`).match === true);

      const bridge = await connect('bridge');
      const { stream = '' } = events()[0] ?? {};
      await bridge.publishAsync(`${root}/ack`, JSON.stringify({ stream, seqs: [[1, 2]] }), { qos: 1 });

      for (const [name, args] of [
        ['ping', {}],
        ['self-test', {}],
        ['reload-gallery', {}],
        ['upkeep', { run: 'summary' }],
      ] as const) {
        const id = randomUUID();
        const command = { id, ts: new Date().toISOString(), ttl_s: 30, args };
        await put(`${root}/cmd/${name}`, command, false);
        const answer = () => newest(`${root}/res/${name}`);
        await eventually(`the answer of ${name}`, () => answer().id === id && answer().ok !== undefined);
        expect(answer()).toMatchObject({ id, ok: true });
      }
      expect(newest(`${root}/res/self-test`).data).toMatchObject({ passed: true });
      const day = () => newest(`${root}/summary`);
      await eventually('the summary of the day', () => day().captures === 2);

      await put(`${root}/config/desired`, { rev: 7, config: { decision: { margin: 0.08 } } }, true);
      await put(`${site}/config/desired`, { rev: 3, config: { decision: { cooldown_s: 30 } } }, true);
      const applied = () => newest(`${root}/config/reported`).applied;
      await eventually('the settings', () => applied()?.rev === 7 && applied()?.site_rev === 3);

      // Of the form of a manifest, but nobody signed it: an alert, until the right one is back.
      const manifest = newest(`${site}/gallery/main/manifest`);
      await put(`${site}/gallery/main/manifest`, { ...manifest, rev: 2 }, true);
      const alerts = () => seen.filter(({ topic }) => topic === `${root}/alert/gallery-refused`);
      await eventually('the alert', () => alerts().length > 0);
      await put(`${site}/gallery/main/manifest`, { ...manifest }, true);
      await eventually('no alert', () => alerts().at(-1)?.payload === '');

      await running.kill();
      await eventually('the will', () => newest(`${root}/state`).state === 'lost');
      expect(
        running.lines.filter((line) => /not published|not sent|broker refused|did not take/.test(line.msg)),
      ).toEqual([]);

      expect(new Set(seen.map(({ topic }) => contractTopicOf(topic)?.key))).toEqual(
        new Set(contractTopics.map(({ key }) => key)),
      );
      for (const { topic, qos, retain } of seen) {
        const { qos: wantedQos, retained } = contractTopicOf(topic) ?? {};
        expect({ topic, qos, retain }).toEqual({ topic, qos: wantedQos, retain: retained });
      }
    },
  );

  it(
    'a station writes what the contract says that it sends, reads what it receives, and nothing else',
    { timeout: 120_000 },
    async () => {
      const { connect } = await startShippedBroker();
      const filled = (address: string, name: string) =>
        address
          .replace('{site}', 'default')
          .replace('{station}', name)
          .replaceAll(/\{(\w+)\}/g, '1');
      const own = contractTopics.map((topic) => ({ ...topic, address: filled(topic.address, 'door-1') }));
      const foreign = contractTopics
        .filter(({ address }) => address.includes('{station}'))
        .map((topic) => ({ ...topic, address: filled(topic.address, 'door-2') }));

      /** Those that the broker takes. Mosquitto 2.0.11 ends a connection soon after it has refused a message. */
      async function writable(name: string, topics: readonly { address: string }[]): Promise<string[]> {
        const taken: string[] = [];
        let client: MqttClient | null = null;
        for (const { address } of topics) {
          client ??= await connect(name);
          const code = await client.publishAsync(address, 'x', { qos: 1 }).then(
            () => null,
            (error: { code?: number }) => error.code,
          );
          expect([null, notAuthorised]).toContain(code);
          if (code === null) taken.push(address);
          else client = null;
        }
        return taken;
      }
      const sent = own.filter(({ direction }) => direction === 'send').map(({ address }) => address);
      expect(await writable('door-1', [...own, ...foreign])).toEqual(sent);
      const acks = [...own, ...foreign].filter(({ key }) => key === 'ack').map(({ address }) => address);
      expect(await writable('bridge', [...own, ...foreign])).toEqual(acks);

      const clients = { station: await connect('door-1'), consumer: await connect('bridge') };
      const desk = await connect('admin');
      const heard = { station: [] as string[], consumer: [] as string[] };
      for (const name of ['station', 'consumer'] as const) {
        clients[name].on('message', (topic) => heard[name].push(topic));
        await clients[name].subscribeAsync('#', { qos: 1 });
      }
      for (const { address } of [...foreign, ...own]) await desk.publishAsync(address, 'x', { qos: 1 });
      const last = { topic: `${site}/config/desired`, consumed: `${root}/state` };
      await desk.publishAsync(last.topic, 'end', { qos: 1 });
      await desk.publishAsync(last.consumed, 'end', { qos: 1 });
      const read = own.filter(({ direction }) => direction === 'receive').map(({ address }) => address);
      const consumed = [...foreign, ...own]
        .filter(({ readers }) => readers.includes('consumers'))
        .map(({ address }) => address);
      await eventually(
        'the last message',
        () => heard.station.length > read.length && heard.consumer.length > consumed.length,
      );
      expect(heard.station).toEqual([...read, last.topic]);
      expect(heard.consumer).toEqual([...consumed, last.consumed]);
    },
  );
});
