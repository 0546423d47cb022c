import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { z } from 'zod';
import { stationTopics } from '../../src/broker/topics.ts';
import { configSchema } from '../../src/config/schema.ts';
import { reasons } from '../../src/decide/contract.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { createHomeAssistant } from '../../src/remote/home-assistant/feature.ts';
import { discoveryPayload, type DiscoveryPayload } from '../../src/remote/home-assistant/payload.ts';
import { startRemote } from '../../src/remote/remote.ts';
import { createStore } from '../../src/store/store.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  checkinSchema,
  healthSchema,
  metricsSchema,
  stateSchema,
  stationStates,
} from '../../src/telemetry/payloads.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, recordingLog, silentLog, temporaryFolder } from '../support/tools.ts';
import { fieldsOf, render } from './home-assistant-templates.ts';

const id = { site: 'default', station: 'station-1' };
const topics = stationTopics(id);
const message = () => discoveryPayload({ ...id, topics, healthS: 60, metricsS: 10, version: '1.2.3' });
const discovery = 'homeassistant/device/muster-default-station-1/config';
const component = (key: string, of: DiscoveryPayload = message()) => {
  const found = of.components[key];
  if (found === undefined) throw new Error(`no component ${key}`);
  return found;
};
const value = (key: string, json: unknown) => render(component(key).value_template, json);

const schemas: Record<string, z.ZodType> = {
  [topics.state]: stateSchema,
  [topics.health]: healthSchema,
  [topics.metrics]: metricsSchema,
  [topics.checkin]: checkinSchema,
};

/** Whether a payload of this JSON Schema has the field. */
function has(schema: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  const { properties, anyOf, propertyNames, additionalProperties } = schema as {
    properties?: Record<string, unknown>;
    anyOf?: unknown[];
    propertyNames?: { enum?: string[] };
    additionalProperties?: unknown;
  };
  if (anyOf !== undefined) return anyOf.some((each) => has(each, [key, ...rest]));
  if (propertyNames?.enum?.includes(key)) return has(additionalProperties, rest);
  return properties !== undefined && key in properties && has(properties[key], rest);
}

it('names only topics and fields that the payload schemas have', () => {
  const { availability, components } = message();
  const all = Object.values(components).flatMap((each) => [
    { topic: each.state_topic, template: each.value_template },
    ...((each['availability'] ?? availability) as typeof availability).map((one) => ({
      topic: one.topic,
      template: one.value_template,
    })),
  ]);
  for (const { topic, template } of all) {
    const schema = schemas[topic];
    if (schema === undefined) throw new Error(`no schema for ${topic}`);
    const json = (schema as typeof stateSchema).toJSONSchema();
    expect(fieldsOf(template).length).toBeGreaterThan(0);
    for (const path of fieldsOf(template)) expect(has(json, path), `${topic} ${path.join('.')}`).toBe(true);
    expect(has(json, ['no_such_field'])).toBe(false);
  }
});

it('is one small message with stable, unique ids and nothing of a person', () => {
  const text = JSON.stringify(message());
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32 * 1024);
  expect(text).not.toMatch(/subject|faces|\bbox/);
  const { device, origin, components } = message();
  expect(device).toMatchObject({ identifiers: ['muster_default_station-1'], sw_version: '1.2.3' });
  expect(origin).toEqual({ name: 'Muster', sw_version: '1.2.3' });
  for (const [key, { unique_id }] of Object.entries(components)) {
    expect(unique_id).toBe(`muster_default_station-1_${key}`);
  }
  expect(new Set(Object.values(components).map(({ name }) => name)).size).toBe(
    Object.keys(components).length,
  );
});

it('expires what comes at intervals, and only that', () => {
  for (const { state_topic, ...fields } of Object.values(message().components)) {
    const seconds = { [topics.health]: 150, [topics.metrics]: 25 }[state_topic];
    expect(fields['expire_after']).toBe(seconds);
  }
});

it('shows a lost station as a state, and all else as unavailable', () => {
  const [shared] = message().availability;
  const own = component('state')['availability'] as DiscoveryPayload['availability'];
  for (const state of stationStates) {
    const there = !['stopped', 'lost'].includes(state);
    expect(render(shared?.value_template ?? '', { state })).toBe(there ? 'online' : 'offline');
    expect(render(own[0]?.value_template ?? '', { state })).toBe('online');
    expect(component('state')['options']).toContain(value('state', { state }));
    expect(value('problem', { state })).toBe(state === 'degraded' ? 'ON' : 'OFF');
  }
});

it('says unknown where the station does not know', () => {
  expect(value('cpu_temperature', { cpu_temp_c: null })).toBe('None');
  expect(value('cpu_temperature', { cpu_temp_c: 51.2 })).toBe('51.2');
  expect(value('throttled', { throttled: null })).toBe('None');
  expect(value('throttled', { throttled: true })).toBe(component('throttled')['payload_on']);
  expect(value('throttled', { throttled: false })).toBe(component('throttled')['payload_off']);
  expect(value('disk_free', { disk: null })).toBe('None');
  expect(value('disk_free', { disk: { free_mb: 7 } })).toBe('7');
  expect(value('clock_synced', { clock: 'unknown' })).toBe('None');
  expect(value('clock_synced', { clock: 'synced' })).toBe(component('clock_synced')['payload_on']);
  expect(value('latency_p95', { latency_ms: null })).toBe('None');
  expect(value('latency_p95', { latency_ms: { total: { p95: 31 } } })).toBe('31');
});

it('makes an event of each live decision, and none of a replayed one', () => {
  const event = {
    replayed: false,
    decision: 'accepted',
    reason: null,
    subject: 's-7f3a',
    similarity: 0.81,
    match_pct: 83,
    threshold: 0.44,
    latency_ms: { total: 31 },
  };
  const fired = (changes: object) => value('checkin', { ...event, ...changes });
  expect(JSON.parse(fired({}))).toEqual({
    event_type: 'accepted',
    reason: null,
    similarity: 0.81,
    match_pct: 83,
    threshold: 0.44,
    latency_ms: 31,
  });
  const types = component('checkin')['event_types'];
  expect(types).toEqual(['accepted', ...reasons]);
  for (const reason of reasons) {
    expect(JSON.parse(fired({ decision: 'rejected', reason, similarity: null }))).toMatchObject({
      event_type: reason,
      similarity: null,
    });
  }
  expect(fired({ replayed: true })).toBe('');
});

/** A station's feature at a broker, one run with these settings. */
async function run(url: string, dir: string, settings: object, log = silentLog) {
  const config = configSchema.parse({ home_assistant: settings });
  const store = createStore(join(dir, 'state'));
  await store.open();
  const connection = connectionTo(url, { log });
  const ending = new AbortController();
  const feature = createHomeAssistant({
    config,
    topics,
    store,
    random: seededRandom(1),
    log,
    signal: ending.signal,
    spreadMs: 50,
  });
  const alerts = createAlerts({ clock: systemClock, log });
  // A station has others: MQTT knows no subscription without a filter.
  const other = { filters: [topics.ack], onMessage: () => undefined };
  startRemote({ connection, features: [other, feature], alerts });
  await connection.start(() => ({ topic: 'will', payload: '' }));
  await eventually('a session', () => connection.session() !== null);
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    ending.abort();
    await connection.close();
    await store.close();
  };
  onTestFinished(end);
  return { end, store };
}

const brokers = [
  { name: 'the embedded broker', runs: true, open: async () => (await startBroker()).url() },
  {
    name: hasMosquitto ? 'Mosquitto with the shipped ACL' : withoutMosquitto,
    runs: hasMosquitto,
    open: mosquittoWithAcl,
  },
];

/** The shipped ACL for this station, whose user is anonymous here: its lines are given to all. */
async function mosquittoWithAcl(): Promise<string> {
  const dir = await temporaryFolder();
  const acl = await readFile(join(packageRoot, 'deploy/mosquitto/acl'), 'utf8');
  const [general = ''] = acl.split(/^user /m);
  const file = join(dir, 'acl');
  // A client without a name has no %u. The reader of the test may hear everything.
  const own = general.replaceAll('%u', id.station).replaceAll(/^pattern (read|write)/gm, 'topic $1');
  await writeFile(file, `${own}\ntopic read #\ntopic readwrite homeassistant/status\n`);
  return (await startMosquitto(['allow_anonymous true', `acl_file ${file}`])).url;
}

for (const { name, runs, open } of brokers) {
  it.skipIf(!runs)(
    `is published again when Home Assistant starts, and deleted when switched off: ${name}`,
    async () => {
      const url = await open();
      const dir = await temporaryFolder();
      const { client, messages } = await subscribe(url, 'homeassistant/#');
      const seen = () => messages.filter(({ topic }) => topic === discovery).map(({ payload }) => payload);

      const first = await run(url, dir, { enabled: true });
      await eventually('the message', () => seen().length === 1);
      expect(JSON.parse(seen()[0] ?? '')).toMatchObject({
        device: { identifiers: ['muster_default_station-1'] },
      });
      const late = await subscribe(url, discovery);
      await eventually('the kept message', () => late.messages.length === 1);
      expect(late.messages[0]).toMatchObject({ retain: true, payload: seen()[0] });

      await client.publishAsync('homeassistant/status', 'offline', { qos: 1 });
      await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
      await eventually('the message again', () => seen().length === 2);
      expect(seen()[1]).toBe(seen()[0]);
      await first.end();

      const second = await run(url, dir, { enabled: false });
      await eventually('the deletion', () => seen().length === 3);
      expect(seen()[2]).toBe('');
      await eventually(
        'the mark gone',
        async () => (await second.store.get('home-assistant/topic')) === undefined,
      );
      await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
      await second.end();

      const third = await run(url, dir, { enabled: false });
      await third.end();
      expect(seen()).toHaveLength(3);
    },
  );
}

it('moves to another prefix and leaves nothing at the old one', async () => {
  const url = (await startBroker()).url();
  const dir = await temporaryFolder();
  await (await run(url, dir, { enabled: true })).end();
  await run(url, dir, { enabled: true, discovery_prefix: 'ha/discovery' });
  const moved = 'ha/discovery/device/muster-default-station-1/config';
  await eventually('only the new one', async () => {
    const { messages, client } = await subscribe(url, '#');
    await client.publishAsync('end', 'x', { qos: 1 });
    await eventually('what is kept', () => messages.some(({ topic }) => topic === 'end'));
    const kept = messages.filter(({ retain }) => retain).map(({ topic }) => topic);
    return kept.length === 1 && kept[0] === moved;
  });
});

it.skipIf(!hasMosquitto)(
  `says so when the broker refuses it${hasMosquitto ? '' : ` (${withoutMosquitto})`}`,
  async () => {
    const file = join(await temporaryFolder(), 'acl');
    await writeFile(file, 'topic read #\n');
    const { url } = await startMosquitto(['allow_anonymous true', `acl_file ${file}`]);
    const { log, lines } = recordingLog();
    await run(url, await temporaryFolder(), { enabled: true }, log);
    await eventually('a word on it', () =>
      lines().some(({ msg, topic }) => /discovery was not published/.test(msg) && topic === discovery),
    );
  },
);

it.each(['', 'a/', '/a', 'a/#', 'a+b', 'a//b'])('refuses the prefix %j', (discovery_prefix) => {
  expect(configSchema.safeParse({ home_assistant: { discovery_prefix } }).success).toBe(false);
});
