import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { writeFile, mkdir } from 'node:fs/promises';
import { bridgeHealthSchema } from '../../src/bridge/payloads.ts';
import { stateSchema } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import {
  bridgeIn,
  bridgeProcess,
  bridgeServers,
  healthPayload,
  numberedEvent,
  publisher,
  untilBridged,
} from '../support/bridge.ts';
import { hasInflux, startInflux, startProxy, withoutInflux, type Influx } from '../support/influx.ts';
import { hasMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const runs = hasInflux && hasMosquitto;
const title = (text: string) => (runs ? text : `${text} (${withoutInflux}, or ${withoutMosquitto})`);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const doors = async (influx: Influx) =>
  await influx.query('SELECT seq FROM checkin WHERE station =~ /^door-/');

it.skipIf(!runs)(
  title('two bridges of a group share the work, and lose nothing when one is killed and comes back'),
  { timeout: 60_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    proxy.delayMs = 30;
    const dir = await temporaryFolder();
    const env = (name: string) => ({
      MUSTER_MQTT__URL: broker.url,
      MUSTER_INFLUX__URL: proxy.url,
      MUSTER_BRIDGE__NAME: name,
      MUSTER_BRIDGE__GROUP: 'all',
      MUSTER_BRIDGE__FLUSH_MS: '20',
      MUSTER_TELEMETRY__HEALTH_S: '1',
    });
    const health = await subscribe(broker.url, 'muster/1/default/bridge/+/health');
    const station = await publisher(broker.url);
    let one = await bridgeProcess(dir, env('one'));
    const two = await bridgeProcess(dir, env('two'));
    const written = (name: string) => {
      const last = health.messages.findLast(({ topic }) => topic.includes(`/${name}/`));
      return bridgeHealthSchema.parse(JSON.parse(last?.payload ?? '{}')).totals.points_written;
    };
    await eventually('both to be there', () => new Set(health.messages.map(({ topic }) => topic)).size === 2);
    await untilBridged(broker.url, station);
    const publishing = (async () => {
      for (let from = 1; from <= 1_000; from += 50)
        await station.checkins(range(from, from + 49).map((seq) => numberedEvent(seq)));
    })();
    await eventually('some points', async () => (await doors(influx)).length > 20);
    await one.kill();
    await publishing;
    one = await bridgeProcess(dir, env('one'));
    await eventually('all points', async () => (await doors(influx)).length >= 1_000, 30_000);
    const seqs = (await doors(influx)).map((row) => row['seq'] as number).toSorted((a, b) => a - b);
    expect(seqs).toEqual(range(1, 1_000));
    await eventually('both to have worked', () => written('one') > 50 && written('two') > 50);
    expect([await one.stop(), await two.stop()]).toEqual([0, 0]);
  },
);

it.skipIf(!runs)(
  title('sets hostile and broken messages aside, within bounds, and goes on with the others'),
  { timeout: 40_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    const dir = await temporaryFolder();
    const { log, lines } = recordingLog();
    const bridge = { sites: 'all', dead_letters: { max_files: 8, max_mb: 1 } };
    await bridgeIn({ broker: broker.url, database: proxy.url, dir, bridge, log });
    const station = await publisher(broker.url);
    await untilBridged(broker.url, station);
    const acks = await subscribe(broker.url, 'muster/1/default/door-1/ack');
    const good = numberedEvent(1);
    const line = 'x,site=evil value=1 1\ncheckin,site=evil seq=1i 1';
    const hostile: [topic: string, payload: string | Buffer][] = [
      ['muster/1/default/door-1/checkin', 'no JSON'],
      ['muster/1/default/door-1/checkin', 'null'],
      ['muster/1/default/door-1/checkin', '[]'],
      ['muster/1/default/door-1/checkin', '[['.repeat(10_000)],
      ['muster/1/default/door-1/checkin', Buffer.alloc(300_000, 0x7b)],
      ['muster/1/default/door-1/checkin', Buffer.from([0xff, 0xfe, 0x00])],
      ['muster/1/default/door-1/checkin', JSON.stringify({ ...good, schema: 'checkin/2' })],
      ['muster/1/default/door-1/checkin', JSON.stringify({ ...good, seq: 77, captured_at: 'yesterday' })],
      [
        'muster/1/default/door-1/checkin',
        JSON.stringify({ ...good, captured_at: '9999-01-01T00:00:00.000Z' }),
      ],
      ['muster/1/default/door-1/checkin', JSON.stringify({ ...good, model: line })],
      ['muster/1/default/door-1/checkin', JSON.stringify({ ...good, model: 'ends with \\' })],
      ['muster/1/default/door-1/checkin', JSON.stringify({ ...good, event_id: line })],
      ['muster/1/default/door-1/health', JSON.stringify({ schema: 'health/1' })],
      ['muster/1/default/door-1/health', JSON.stringify(healthPayload(Date.now(), { alerts: [line] }))],
      ['muster/1/default/door-1/metrics', '{"__proto__":{"x":1}}'],
      ['muster/1/Site=1,x/door 1/checkin', JSON.stringify(good)],
      ['muster/1/default/bridge/checkin', JSON.stringify(good)],
      [`muster/1/default/${'x'.repeat(33)}/checkin`, JSON.stringify(good)],
    ];
    for (const [topic, payload] of hostile) await station.client.publishAsync(topic, payload, { qos: 1 });
    // A field of a later version passes.
    await station.checkins([{ ...good, new_field: { a: 1 } } as typeof good]);
    await station.checkins([numberedEvent(2)]);
    await eventually('the good ones', async () => (await doors(influx)).length >= 2);
    expect((await doors(influx)).map((row) => row['seq'])).toEqual([1, 2]);
    const acked = () =>
      acks.messages.flatMap(({ payload }) => (JSON.parse(payload) as { seqs: number[][] }).seqs);
    // What could be told apart is not asked for again.
    await eventually('the broken one acknowledged', () => acked().some(([from]) => from === 77));
    expect(await influx.query('SHOW MEASUREMENTS')).toEqual([{ name: 'checkin' }]);
    const folder = join(dir, 'dead-letters');
    const lastIsThere = async () => {
      const newest = (await readdir(folder)).toSorted().at(-1)!;
      return (await readFile(join(folder, newest), 'utf8')).includes(`/${'x'.repeat(33)}/`);
    };
    await eventually('the last of them', lastIsThere);
    const names = await readdir(folder);
    expect(names).toHaveLength(8);
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8');
      expect(text.length).toBeLessThan(100_000);
      expect(JSON.parse(text)).toMatchObject({ reason: expect.any(String) as string });
    }
    const told = lines().filter(({ msg }) => msg === 'a message went to the dead letters');
    expect(told).toHaveLength(1);
    expect(JSON.stringify(lines())).not.toContain('evil');
  },
);

it.skipIf(!runs)(
  title('tells how it is: state with a will, health, a page for Prometheus and one for health checks'),
  { timeout: 40_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    const port = await freePort();
    const dir = await temporaryFolder();
    const states = await subscribe(broker.url, 'muster/1/default/bridge/main/state');
    const health = await subscribe(broker.url, 'muster/1/default/bridge/main/health');
    const station = await publisher(broker.url);
    const env = {
      MUSTER_MQTT__URL: broker.url,
      MUSTER_INFLUX__URL: proxy.url,
      MUSTER_BRIDGE__HTTP__PORT: String(port),
      MUSTER_TELEMETRY__HEALTH_S: '1',
    };
    const bridge = await bridgeProcess(dir, env);
    await untilBridged(broker.url, station);
    await station.checkins([numberedEvent(1), numberedEvent(2)]);
    await eventually('both points', async () => (await doors(influx)).length === 2);
    const page = async (path: string) => await fetch(`http://127.0.0.1:${port}${path}`);
    await eventually('healthy', async () => (await page('/health')).status === 200);
    expect(await (await page('/health')).json()).toMatchObject({
      state: 'ready',
      database: 'ok',
      broker: 'ok',
    });
    const text = await (await page('/metrics')).text();
    expect(text).toMatch(/^muster_bridge_points_written_total\{measurement="checkin"\} [1-9]/m);
    expect(text).toMatch(/^muster_bridge_open_messages 0$/m);
    expect(text).toMatch(/^muster_bridge_database_up 1$/m);
    expect(text).toMatch(/^muster_bridge_delay_seconds_count [1-9]/m);
    await eventually('health on its topic', () => health.messages.length > 1);
    const last = bridgeHealthSchema.parse(JSON.parse(health.messages.at(-1)?.payload ?? ''));
    expect(last.totals.acknowledged).toBeGreaterThanOrEqual(2);

    proxy.fault = () => ({ status: 503 });
    await station.checkins([numberedEvent(3)]);
    await eventually('unhealthy', async () => (await page('/health')).status === 503);
    proxy.fault = () => null;
    await eventually('healthy again', async () => (await page('/health')).status === 200);
    await bridge.kill();
    const shown = () => states.messages.map(({ payload }) => stateSchema.parse(JSON.parse(payload)));
    await eventually('the will', () => shown().at(-1)?.state === 'lost');
    expect(shown().map(({ state }) => state)).toEqual(expect.arrayContaining(['ready', 'degraded', 'lost']));
    expect(new Set(shown().map(({ session }) => session)).size).toBe(1);

    const again = await bridgeProcess(dir, env);
    await eventually('there again', () => shown().at(-1)?.state === 'ready');
    expect(await again.stop()).toBe(0);
    await eventually('stopped', () => shown().at(-1)?.state === 'stopped');
  },
);

it.skipIf(!runs)(
  title('says clearly what is wrong with the database, goes on trying, and works once it is mended'),
  { timeout: 40_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    const { log, lines } = recordingLog();
    const dir = await temporaryFolder();
    const options = { broker: broker.url, database: proxy.url, dir, log };
    await bridgeIn({ ...options, influx: { bucket: 'entrance' } });
    await eventually('a word on it', () => lines().some(({ msg }) => msg.includes("no database 'entrance'")));
    const told = lines().find(({ msg }) => msg.includes("no database 'entrance'"));
    expect(told).toMatchObject({
      level: 50,
      remedy: expect.stringContaining('CREATE DATABASE "entrance"') as string,
    });
    const station = await publisher(broker.url);
    await eventually('subscribed', () => lines().some(({ msg }) => msg.startsWith('connected')));
    await influx.query('CREATE DATABASE entrance');
    await untilBridged(broker.url, station);
    expect(lines().filter(({ msg }) => msg.includes('does not let the bridge write'))).toHaveLength(1);
  },
);

it('ends with a remedy without a database, with a taken port, and with a group at a broker that has none', async () => {
  const dir = await temporaryFolder();
  const without = await muster(dir, ['bridge']);
  expect(without).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('influx.url is not set') as string,
  });
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const port = String((taken.address() as { port: number }).port);
  const env = { MUSTER_INFLUX__URL: 'http://127.0.0.1:9', MUSTER_BRIDGE__HTTP__PORT: port };
  expect(await muster(dir, ['bridge'], env)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('the port is in use') as string,
  });
  const broker = await startBroker();
  const grouped = await muster(dir, ['bridge'], {
    MUSTER_INFLUX__URL: 'http://127.0.0.1:9',
    MUSTER_BRIDGE__HTTP__PORT: '0',
    MUSTER_BRIDGE__GROUP: 'all',
    MUSTER_MQTT__URL: broker.url(),
  });
  expect(grouped).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("bridge.group 'all' needs a broker with MQTT 5") as string,
  });
});

it.skipIf(!hasInflux)(
  title('takes from a broker without MQTT 5 no more than it may hold, and gets all of it in the end'),
  { timeout: 40_000 },
  async () => {
    const broker = await startBroker();
    const influx = await startInflux();
    const proxy = await startProxy(influx.url);
    const dir = await temporaryFolder();
    const { log, lines } = recordingLog();
    // 4 × 32 KiB: some forty check-ins.
    await bridgeIn({ broker: broker.url(), database: proxy.url, dir, bridge: { window: 4 }, log });
    const station = await publisher(broker.url(), 4);
    await untilBridged(broker.url(), station);
    proxy.fault = () => ({ status: 503 });
    await station.checkins(range(1, 300).map((seq) => numberedEvent(seq)));
    proxy.fault = () => null;
    await eventually('all points', async () => (await doors(influx)).length >= 300, 30_000);
    expect(await doors(influx)).toHaveLength(300);
    expect(lines().filter(({ msg }) => msg.startsWith('connected')).length).toBeGreaterThan(1);
  },
);

it.skipIf(!hasInflux)(
  title('runs inside the process of a station, beside its own broker'),
  { timeout: 60_000 },
  async () => {
    const influx = await startInflux();
    const proxy = await startProxy(influx.url);
    const dir = await temporaryFolder();
    const inbox = join(dir, 'data', 'inbox');
    const page = await freePort();
    const station = startStation(dir, {
      MUSTER_MQTT__EMBEDDED__PORT: String(await freePort()),
      MUSTER_OUTBOX__DELIVERY: 'application',
      MUSTER_INFLUX__URL: proxy.url,
      MUSTER_BRIDGE__IN_STATION: 'true',
      MUSTER_BRIDGE__HTTP__PORT: String(page),
    });
    await station.ready;
    await mkdir(inbox, { recursive: true });
    await writeFile(join(inbox, 'one.jpg'), await portraits.alice());
    const rows = async () => await influx.query('SELECT * FROM checkin');
    await eventually('the check-in', async () => (await rows()).length === 1, 30_000);
    expect((await rows())[0]).toMatchObject({ station: 'station-1', reason: 'gallery_empty', accepted: 0 });
    const { status } = await fetch(`http://127.0.0.1:${page}/health`);
    expect(status).toBe(200);
    expect(await station.stop()).toBe(0);
  },
);
