import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { root, siteWithDesk } from './support.ts';

const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);
type Effective = { decision: Record<string, unknown>; vision: Record<string, unknown> };

it('lays the station over the site over its own config, and keeps both over a restart', async () => {
  const here = await siteWithDesk({ MUSTER_DECISION__MARGIN: '0.01' });
  const first = here.start();
  await first.ready;
  expect(await here.reported({ rev: 0, site_rev: 0, status: 'applied' })).toMatchObject({
    errors: [],
    restart_required: false,
    effective: { decision: { margin: 0.01, threshold: 'auto' } },
  });
  await here.desire(
    'site',
    { rev: 4, config: { decision: { margin: 0.2, threshold: 0.3, cooldown_s: 0 } } },
    { site_rev: 4 },
  );
  const report = await here.desire('station', { rev: 9, config: { decision: { margin: 0.1 } } }, { rev: 9 });
  expect(report).toMatchObject({
    status: 'applied',
    applied: { rev: 9, site_rev: 4 },
    effective: { decision: { margin: 0.1, threshold: 0.3, cooldown_s: 0 } },
  });
  // Live: the station did not begin again, and decides with it.
  expect(first.lines.filter(({ msg }) => msg.startsWith('ready'))).toHaveLength(1);
  await writeFile(join(here.dir, 'data', 'inbox', 'a.jpg'), await portraits.alice());
  await eventually('an event', () => here.on('checkin').length === 1);
  expect((JSON.parse(here.on('checkin')[0]?.payload ?? '') as CheckinEvent).threshold).toBe(0.3);

  // The same and a lower one change nothing, and are reported again.
  await here.desire(
    'station',
    { rev: 9, config: { decision: { margin: 0.5 } } },
    { rev: 9, status: 'applied' },
  );
  await here.desire(
    'station',
    { rev: 2, config: { decision: { margin: 0.5 } } },
    { rev: 9, status: 'applied' },
  );
  await first.kill();

  // The broker has forgotten what it kept.
  for (const topic of ['muster/1/default/config/desired', `${root}/config/desired`]) {
    await here.client.publishAsync(topic, '', { qos: 1, retain: true });
  }
  const second = here.start();
  await second.ready;
  const before = here.reports().length;
  await eventually('a report', () => here.reports().length > before);
  // The session that was kept delivers the withdrawal, too: then the config of the station counts again.
  const last = await here.desire('site', '', { rev: 0, site_rev: 0 });
  expect((last.effective as Effective).decision['margin']).toBe(0.01);
  expect(await second.stop()).toBe(0);
});

it('refuses by name what is not remote, not known and not allowed, and stays as it was', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  await here.desire(
    'station',
    { rev: 1, config: { decision: { margin: 0.3 } } },
    { rev: 1, status: 'applied' },
  );
  const report = await here.desire(
    'station',
    {
      rev: 2,
      config: {
        decision: { margin: 9, treshold: 0.5 },
        mqtt: { password: 'tell-nobody', url: null },
        data_dir: '/etc',
      },
    },
    { rev: 2, status: 'rejected' },
  );
  expect(report.errors.toSorted()).toEqual([
    'data_dir (config/desired rev 2) can not be changed from afar',
    'decision.margin (config/desired rev 2) is 9; allowed: a number from 0 to 2',
    'decision.treshold (config/desired rev 2) is not a known key; did you mean decision.threshold?',
    'mqtt.password (config/desired rev 2) can not be changed from afar',
    'mqtt.url (config/desired rev 2) can not be null from afar: it would cut the station off',
  ]);
  expect(report.applied).toEqual({ rev: 1, site_rev: 0 });
  expect((report.effective as Effective).decision['margin']).toBe(0.3);
  for (const [payload, sentence] of [
    ['hello', 'config/desired is no JSON'],
    [
      '{"rev":"x"}',
      'config/desired must be {"rev": a whole number from 1, "config": {sections with fields}}',
    ],
    [JSON.stringify({ rev: 3, config: { a: 'x'.repeat(33_000) } }), 'config/desired is larger than 32 KB'],
  ] as const) {
    await here.desire('station', payload, { status: 'rejected', errors: [sentence] });
  }
  await here.desire('station', { rev: 3, config: {} }, { rev: 3, status: 'applied', errors: [] });
  const told = JSON.stringify([here.on('config/reported'), station.lines]);
  expect(told).not.toContain('tell-nobody');
  expect(told).not.toContain('"password":');
  expect(await station.stop()).toBe(0);
});

it('begins again inside its process for what is not live', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  const report = await here.desire(
    'station',
    { rev: 1, config: { vision: { min_face_px: 60 }, telemetry: { metrics_s: 1 } } },
    { rev: 1, status: 'applied' },
  );
  expect((report.effective as Effective).vision['min_face_px']).toBe(60);
  expect(station.lines.filter(({ msg }) => msg.startsWith('ready'))).toHaveLength(2);
  await eventually('metrics each second', () => here.on('metrics').length > 2);
  expect(here.state()).toBe('ready');
  expect(await station.stop()).toBe(0);
});

it('begins again with a broker of its own, too', async () => {
  const dir = await temporaryFolder();
  const free = await startBroker();
  const url = free.url();
  await free.close();
  const station = startStation(dir, { MUSTER_MQTT__EMBEDDED__PORT: new URL(url).port });
  await station.ready;
  const { client, messages } = await subscribe(url);
  const desired = { rev: 1, config: { vision: { min_face_px: 60 } } };
  await client.publishAsync(`${root}/config/desired`, JSON.stringify(desired), { qos: 1, retain: true });
  const applied = () =>
    messages.some(({ topic, payload }) => topic.endsWith('/reported') && /"rev":1,/.test(payload));
  await eventually('the report', applied);
  expect(station.lines.filter(({ msg }) => msg.startsWith('ready'))).toHaveLength(2);
  expect(await station.stop()).toBe(0);
});

it('does not try for ever what crashes it', async () => {
  const here = await siteWithDesk();
  const good = { site: null, station: { rev: 1, config: { decision: { margin: 0.3 } } } };
  const bad = { site: null, station: { rev: 2, config: { vision: { min_face_px: 60 } } } };
  const file = join(here.dir, 'data', 'remote-settings.json');
  const none = { site: null, station: null };
  // Begun twice, and never ended.
  await writeFile(file, JSON.stringify({ applied: good, trying: { pair: bad, begun: 2 }, rolledBack: none }));
  const station = here.start();
  await station.ready;
  const report = await here.reported({ rev: 2, status: 'rolled_back' });
  expect(report.errors).toEqual(['the station ended while they were applied']);
  expect(report.effective).toMatchObject({ decision: { margin: 0.3 }, vision: { min_face_px: 80 } });
  // The broker still asks for it; a later one is tried.
  await here.desire('station', bad.station, { rev: 2, status: 'rolled_back' });
  await here.desire('station', { ...bad.station, rev: 3 }, { rev: 3, status: 'applied' });
  expect(await station.stop()).toBe(0);
});

it('is killed while it tries, and tries once more', async () => {
  const here = await siteWithDesk();
  const first = here.start();
  await first.ready;
  const desired = { rev: 5, config: { vision: { min_face_px: 60 } } };
  const options = { qos: 1, retain: true } as const;
  await here.client.publishAsync(`${root}/config/desired`, JSON.stringify(desired), options);
  const file = join(here.dir, 'data', 'remote-settings.json');
  await eventually('the trial on disk', async () =>
    (await readFile(file, 'utf8').catch(() => '')).includes('"begun"'),
  );
  await first.kill();
  const second = here.start();
  await here.reported({ rev: 5, status: 'applied' });
  expect(await second.stop()).toBe(0);
});

it('starts with its own config when the file of the settings is damaged', async () => {
  const here = await siteWithDesk();
  await writeFile(join(here.dir, 'data', 'remote-settings.json'), '{"applied":');
  const station = here.start();
  await station.ready;
  await here.desire(
    'station',
    { rev: 1, config: { log: { level: 'debug' } } },
    { rev: 1, status: 'applied' },
  );
  expect(await station.stop()).toBe(0);
});

it('comes back by itself from a broker that is not there, and says so', async () => {
  const here = await siteWithDesk({ MUSTER_MQTT__PROBATION_S: '5' });
  const station = here.start();
  await station.ready;
  await eventually('connected', () => here.state() === 'ready');
  const report = await here.desire(
    'station',
    { rev: 1, config: { mqtt: { url: 'mqtt://127.0.0.1:1' } } },
    { rev: 1, status: 'rolled_back' },
  );
  expect(report).toMatchObject({
    errors: ['the station was not on the broker within 5 s (mqtt.probation_s)'],
    applied: { rev: 0, site_rev: 0 },
    effective: { mqtt: { url: here.url } },
  });
  expect(await here.ask('ping')).toMatchObject({ ok: true });
  expect(await station.stop()).toBe(0);
});

it.skipIf(!hasMosquitto)(title('moves to another broker and stays there over a restart'), async () => {
  const old = await startMosquitto();
  const here = await siteWithDesk({}, old.url);
  const other = await startBroker();
  const { messages } = await subscribe(other.url());
  const first = here.start();
  await first.ready;
  await eventually('connected', () => here.state() === 'ready');
  const desired = { rev: 1, config: { mqtt: { url: other.url() } } };
  const options = { qos: 1, retain: true } as const;
  await here.client.publishAsync(`${root}/config/desired`, JSON.stringify(desired), options);
  const reports = () => messages.filter(({ topic }) => topic === `${root}/config/reported`);
  await eventually('a report there', () => reports().length > 0);
  expect(JSON.parse(reports().at(-1)?.payload ?? '')).toMatchObject({ rev: 1, status: 'applied' });
  expect(await first.stop()).toBe(0);
  const before = reports().length;
  const second = here.start();
  await eventually('a report there again', () => reports().length > before);
  expect(await second.stop()).toBe(0);
});
