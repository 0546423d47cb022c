import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { BridgeHealthPayload } from '../../src/bridge/payloads.ts';
import { subscribe } from '../support/broker.ts';
import {
  type BridgeSettings,
  bridgeIn,
  bridgeProcess,
  bridgeServers,
  healthPayload,
  numberedEvent,
  publisher,
  untilBridged,
} from '../support/bridge.ts';
import { hasInflux, withoutInflux, type Fault, type Influx } from '../support/influx.ts';
import { hasMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const runs = hasInflux && hasMosquitto;
const title = (text: string) => (runs ? text : `${text} (${withoutInflux}, or ${withoutMosquitto})`);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Broker, database with a proxy before it, bridge and publisher; resolves when the bridge has subscribed. */
async function site(options: Partial<BridgeSettings> = {}) {
  const { broker, influx, proxy } = await bridgeServers();
  const dir = await temporaryFolder();
  const health = await subscribe(broker.url, 'muster/1/default/bridge/main/health');
  const state = await subscribe(broker.url, 'muster/1/default/bridge/main/state');
  const acks = await subscribe(broker.url, 'muster/1/default/door-1/ack');
  const bridge = await bridgeIn({ broker: broker.url, database: proxy.url, dir, ...options });
  const station = await publisher(broker.url);
  await untilBridged(broker.url, station);
  return {
    broker,
    influx,
    proxy,
    dir,
    bridge,
    station,
    acks,
    lastHealth: () => JSON.parse(health.messages.at(-1)?.payload ?? '{}') as BridgeHealthPayload,
    lastState: () => (JSON.parse(state.messages.at(-1)?.payload ?? '{}') as { state: string }).state,
  };
}

/** The numbers in the database, each as often as it is there. */
async function seqs(influx: Influx): Promise<number[]> {
  const rows = await influx.query("SELECT seq FROM checkin WHERE station = 'door-1'");
  return rows.map((row) => row['seq'] as number).toSorted((a, b) => a - b);
}

async function holds(influx: Influx, expected: readonly number[], timeoutMs?: number): Promise<void> {
  await eventually('all points', async () => (await seqs(influx)).length >= expected.length, timeoutMs);
  expect(await seqs(influx)).toEqual(expected);
}

const events = (from: number, to: number) => range(from, to).map((seq) => numberedEvent(seq));

it.skipIf(!runs).each([
  ['answers 429 and says how long to wait', { status: 429, headers: { 'retry-after': '1' } }],
  ['answers 503', { status: 503, body: 'unavailable' }],
  ['hangs up', 'hang up'],
  [
    'does not know the token',
    { status: 401, body: '{"code":"unauthorized","message":"unauthorized access"}' },
  ],
  ['has no bucket', { status: 404, body: '{"code":"not found","message":"bucket \\"muster\\" not found"}' }],
] satisfies [string, Fault | 'hang up'][])(
  title('loses and doubles nothing, and keeps its messages with the broker, while the database %s'),
  { timeout: 40_000 },
  async (_name, fault) => {
    const { influx, proxy, station, acks, lastHealth, lastState, dir } = await site();
    await eventually('ready', () => lastState() === 'ready');
    proxy.fault = () => fault;
    await station.checkins(events(1, 300));
    await eventually('degraded', () => lastState() === 'degraded');
    await eventually('all open', () => lastHealth().open_messages === 300);
    expect(acks.messages).toEqual([]);
    proxy.fault = () => null;
    await holds(influx, range(1, 300), 30_000);
    await eventually('all acknowledged', () => lastHealth().open_messages === 0);
    await eventually('ready', () => lastState() === 'ready');
    expect(lastHealth().totals).toMatchObject({ dead_letters: 0, left_with_broker: 0 });
    expect(await readdir(join(dir, 'dead-letters'))).toEqual([]);
  },
);

it.skipIf(!runs)(
  title('asks no more often than the database wants it to: the seconds of Retry-After are seconds'),
  async () => {
    const { proxy, station, lastHealth } = await site();
    proxy.fault = () => ({ status: 429, headers: { 'retry-after': '60' } });
    const before = proxy.writes;
    await station.checkins(events(1, 10));
    await eventually('all open', () => lastHealth().open_messages === 10);
    await sleep(1_000);
    expect(proxy.writes - before).toBeLessThanOrEqual(2);
  },
);

it.skipIf(!runs)(
  title('loses and doubles nothing while the database is stopped, which costs no memory beyond the window'),
  { timeout: 60_000 },
  async () => {
    const window = 100;
    const { influx, station, lastHealth, lastState } = await site({ bridge: { window } });
    await influx.stop();
    await station.checkins(events(1, 2_000));
    for (let i = 0; i < 500; i += 1) {
      const health = JSON.stringify(healthPayload(Date.now() - i));
      await station.client.publishAsync('muster/1/default/door-1/health', health);
    }
    await eventually('degraded', () => lastState() === 'degraded');
    await eventually('telemetry dropped', () => lastHealth().totals.telemetry_dropped > 0);
    await sleep(1_500);
    expect(lastHealth().open_messages).toBe(window);
    expect(lastHealth().open_points).toBeLessThanOrEqual(2 * window);
    await influx.start();
    await holds(influx, range(1, 2_000), 40_000);
    await eventually('all acknowledged', () => lastHealth().open_messages === 0);
  },
);

it.skipIf(!runs)(
  title('loses and doubles nothing when the database answers later than it waits'),
  { timeout: 40_000 },
  async () => {
    const { influx, proxy, station, lastHealth } = await site();
    // The bridge of these tests waits 2 s; the database does its work all the same.
    proxy.delayMs = 2_500;
    await station.checkins(events(1, 200));
    await eventually('a failed request', () => lastHealth().totals.write_failures > 0);
    proxy.delayMs = 50;
    await holds(influx, range(1, 200), 30_000);
    await eventually('all acknowledged', () => lastHealth().open_messages === 0);
  },
);

it.skipIf(!runs)(
  title('finds the points that the database refuses, sets their messages aside and writes all others'),
  { timeout: 40_000 },
  async () => {
    const { log, lines } = recordingLog();
    const { influx, proxy, station, acks, lastHealth, lastState, dir } = await site({ log });
    const poisoned = [17, 18, 250];
    const isPoisoned = (line: string) => poisoned.some((seq) => line.includes(`,seq=${seq}i,`));
    proxy.fault = (batch) =>
      batch.some(isPoisoned) ? { status: 400, body: '{"error":"partial write: field type conflict"}' } : null;
    await station.checkins(events(1, 300));
    const good = range(1, 300).filter((seq) => !poisoned.includes(seq));
    await holds(influx, good, 30_000);
    await eventually('all acknowledged', () => lastHealth().open_messages === 0);
    const letters = await Promise.all(
      (await readdir(join(dir, 'dead-letters'))).map(
        async (name) =>
          JSON.parse(await readFile(join(dir, 'dead-letters', name), 'utf8')) as Record<string, string>,
      ),
    );
    const inLetters = letters.map(({ payload }) => (JSON.parse(payload ?? '') as { seq: number }).seq);
    expect(inLetters.toSorted((a, b) => a - b)).toEqual(poisoned);
    expect(letters[0]).toMatchObject({
      topic: 'muster/1/default/door-1/checkin',
      reason: expect.stringContaining('field type conflict') as string,
    });
    // Also acknowledged to the station: it would send them for ever.
    const acked = () =>
      acks.messages.flatMap(({ payload }) => (JSON.parse(payload) as { seqs: [number, number][] }).seqs);
    await eventually('the acknowledgement of the last', () => acked().flat().includes(250));
    for (const seq of poisoned) expect(acked().some(([from, to]) => from <= seq && seq <= to)).toBe(true);
    expect(lastState()).toBe('ready');
    // One line for the first of them, and no payload in it.
    expect(lines().filter(({ msg }) => msg === 'a message went to the dead letters')).toHaveLength(1);
    expect(JSON.stringify(lines())).not.toContain('alice');
  },
);

it.skipIf(!runs)(
  title('makes smaller batches where the database finds them too large'),
  { timeout: 40_000 },
  async () => {
    const { influx, proxy, station, lastHealth } = await site();
    proxy.fault = (batch) => (batch.length > 20 ? { status: 413, body: 'too large' } : null);
    await station.checkins(events(1, 300));
    await holds(influx, range(1, 300), 30_000);
    expect(lastHealth().totals.dead_letters).toBe(0);
  },
);

it.skipIf(!runs)(
  title('loses and doubles nothing when it is killed again and again in the middle of its work'),
  { timeout: 60_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    const dir = await temporaryFolder();
    const env = {
      MUSTER_MQTT__URL: broker.url,
      MUSTER_INFLUX__URL: proxy.url,
      MUSTER_BRIDGE__FLUSH_MS: '20',
      MUSTER_BRIDGE__BATCH_SIZE: '20',
    };
    const station = await publisher(broker.url);
    let bridge = await bridgeProcess(dir, env);
    await untilBridged(broker.url, station);
    // Slow enough that each life ends with requests under way.
    proxy.delayMs = 100;
    const publishing = (async () => {
      for (let from = 1; from <= 2_000; from += 50) {
        await station.checkins(events(from, from + 49));
        await sleep(40);
      }
    })();
    for (let kill = 0; kill < 4; kill += 1) {
      await sleep(400 + kill * 150);
      await bridge.kill();
      bridge = await bridgeProcess(dir, env);
    }
    await publishing;
    proxy.delayMs = 0;
    await holds(influx, range(1, 2_000), 40_000);
    expect(await bridge.stop()).toBe(0);
  },
);
