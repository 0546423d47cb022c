import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits, scenery } from '../../demo/sample-photos.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { muster } from '../support/station.ts';
import { eventually } from '../support/tools.ts';
import { expectNotRetained, root, siteWithDesk } from './support.ts';

const program = join(packageRoot, 'bin/muster.js');
const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);

it('answers ping, refuses what it does not know, and says what it knows', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  expect(await here.ask('ping')).toMatchObject({ ok: true, data: { version: expect.any(String) as string } });
  expect(await here.ask('ping', { loud: true })).toMatchObject({ error: { code: 'invalid_args' } });
  for (const [name, answeredOn] of [
    ['format', 'format'],
    ['Format C:', 'unknown'],
  ] as const) {
    const id = `ask-${answeredOn}`;
    const request = { id, ts: new Date().toISOString(), ttl_s: 30 };
    await here.client.publishAsync(`${root}/cmd/${name}`, JSON.stringify(request), { qos: 1 });
    expect(await here.lastWord(answeredOn, id)).toMatchObject({
      error: { code: 'unknown_command', message: expect.stringContaining('self-test') as string },
    });
  }
  expectNotRetained(here.on('res/ping'));
  expect(await station.stop()).toBe(0);
});

it('refuses retained, expired, repeated, malformed and large commands, also after a restart', async () => {
  const here = await siteWithDesk();
  const topic = `${root}/cmd/ping`;
  const now = () => new Date().toISOString();
  await here.client.publishAsync(topic, JSON.stringify({ id: 'kept', ts: now(), ttl_s: 60 }), {
    qos: 1,
    retain: true,
  });
  const first = here.start();
  await first.ready;
  expect(await here.lastWord('ping', 'kept')).toMatchObject({ error: { code: 'retained' } });

  const old = new Date(Date.now() - 60_000).toISOString();
  expect(await here.ask('ping', {}, { ts: old, ttl_s: 30 })).toMatchObject({ error: { code: 'expired' } });
  expect(await here.ask('ping', {}, { ttl_s: 1e9 })).toMatchObject({ error: { code: 'malformed' } });
  const ahead = new Date(Date.now() + 3_600_000).toISOString();
  expect(await here.ask('ping', {}, { ts: ahead })).toMatchObject({ error: { code: 'not_yet' } });

  expect(await here.ask('ping', {}, { id: 'once' })).toMatchObject({ ok: true });
  expect(await here.ask('ping', {}, { id: 'once' })).toMatchObject({ ok: true });
  await eventually('the refusal', () => here.answers('ping').some(({ error }) => error?.code === 'repeated'));

  await here.client.publishAsync(topic, 'hello', { qos: 1 });
  expect(await here.lastWord('ping', null)).toMatchObject({ error: { code: 'malformed' } });
  const large = JSON.stringify({ id: 'large', ts: now(), ttl_s: 60, args: { text: 'x'.repeat(33_000) } });
  await here.client.publishAsync(topic, large, { qos: 1 });
  await eventually('the refusal', () =>
    here.answers('ping').some(({ error }) => error?.code === 'too_large'),
  );

  await first.kill();
  const second = here.start();
  await second.ready;
  const repeats = () => here.answers('ping').filter(({ error }) => error?.code === 'repeated').length;
  const before = repeats();
  const again = JSON.stringify({ id: 'once', ts: now(), ttl_s: 60 });
  await here.client.publishAsync(topic, again, { qos: 1 });
  await eventually('the refusal after the restart', () => repeats() > before);
  expect(await second.stop()).toBe(0);
});

it('runs its self-test from the model files to the broker, and one such command at a time', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  const [tested, refused] = await Promise.all([here.ask('self-test'), here.ask('purge', { what: 'done' })]);
  expect(tested).toMatchObject({ ok: true, data: { passed: true } });
  const { checks } = tested.data as { checks: { name: string; ok: boolean; message: string }[] };
  expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['models', true],
    ['vision', true],
    ['golden', true],
    ['store', true],
    ['broker', true],
  ]);
  expect(checks[1]?.message).toMatch(/drawn face was found/);
  expect(refused).toMatchObject({
    error: { code: 'busy', message: expect.stringContaining('self-test') as string },
  });
  expect(here.answers('self-test').filter(({ progress }) => progress !== undefined)).toHaveLength(5);
  expect(await here.ask('purge', { what: 'done' })).toMatchObject({ ok: true });
  expect(await station.stop()).toBe(0);
});

it('says which check has failed', async () => {
  const here = await siteWithDesk({ MUSTER_VISION__DETECTOR__THRESHOLDS: '[1, 1, 1]' });
  const station = here.start();
  await station.ready;
  const { ok, data } = await here.ask('self-test');
  expect([ok, data?.['passed']]).toEqual([true, false]);
  expect(data?.['checks']).toMatchObject([
    { ok: true },
    { name: 'vision', ok: false, message: 'the drawn face was not found' },
    { name: 'golden', ok: false, message: 'the drawn face was not found' },
    { ok: true },
    { ok: true },
  ]);
  expect(await station.stop()).toBe(0);
});

it('works off the inbox and tells how many wait', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  const photo = await scenery();
  for (let i = 0; i < 20; i += 1) await writeFile(join(here.dir, 'data', 'inbox', `${i}.jpg`), photo);
  const { data } = await here.ask('capture');
  expect(data?.['waiting']).toBeGreaterThan(0);
  expect(await here.ask('capture', { wait_s: 60 })).toMatchObject({ ok: true, data: { waiting: 0 } });
  expect(here.on('checkin')).toHaveLength(20);
  expect(await station.stop()).toBe(0);
});

it('purges what it is told to, and only files of its own', async () => {
  const here = await siteWithDesk({
    MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
    MUSTER_CAPTURE__FOLDER__AFTER: 'keep',
  });
  const station = here.start();
  await station.ready;
  const inbox = join(here.dir, 'data', 'inbox');
  await writeFile(join(inbox, 'broken.jpg'), 'no photo');
  await writeFile(join(inbox, 'scene.jpg'), await scenery());
  await eventually('both put away', async () => (await readdir(inbox)).toSorted().join() === 'done,failed');
  await mkdir(join(inbox, 'done', 'mine'));
  await symlink('/etc/hostname', join(inbox, 'done', 'link'));
  expect(await here.ask('purge', {})).toMatchObject({ error: { code: 'invalid_args' } });
  expect(await here.ask('purge', { what: 'everything' })).toMatchObject({ error: { code: 'invalid_args' } });
  expect(await here.ask('purge', { what: 'failed' })).toMatchObject({ data: { what: 'failed', deleted: 2 } });
  expect(await here.ask('purge', { what: 'done' })).toMatchObject({ data: { what: 'done', deleted: 1 } });
  expect((await readdir(join(inbox, 'done'))).toSorted()).toEqual(['link', 'mine']);
  expect(await here.ask('purge', { what: 'outbox' })).toMatchObject({ data: { deleted: 0 } });
  expect(await station.stop()).toBe(0);
});

it('purges the events that nobody has taken', async () => {
  const here = await siteWithDesk({ MUSTER_OUTBOX__DELIVERY: 'application' });
  const station = here.start();
  await station.ready;
  for (const name of ['a.jpg', 'b.jpg']) {
    await writeFile(join(here.dir, 'data', 'inbox', name), await scenery());
  }
  await eventually('both events', () => here.on('checkin').length === 2);
  expect(await here.ask('purge', { what: 'outbox' })).toMatchObject({ data: { what: 'outbox', deleted: 2 } });
  expect(await here.ask('purge', { what: 'outbox' })).toMatchObject({ data: { what: 'outbox', deleted: 0 } });
  expect(await station.stop()).toBe(0);
});

it('works off what was asked while it was away, unless it has expired', async () => {
  const broker = await startBroker();
  const here = await siteWithDesk({}, broker.url());
  const first = here.start();
  await first.ready;
  await eventually('connected', () => here.state() === 'ready');
  expect(await first.stop()).toBe(0);
  const give = async (id: string, ttlS: number) => {
    const request = { id, ts: new Date(Date.now() - 10_000).toISOString(), ttl_s: ttlS };
    await here.client.publishAsync(`${root}/cmd/ping`, JSON.stringify(request), { qos: 1 });
  };
  await give('still-wanted', 300);
  await give('too-late', 1);
  const second = here.start();
  expect(await here.lastWord('ping', 'still-wanted')).toMatchObject({ ok: true });
  expect(await here.lastWord('ping', 'too-late')).toMatchObject({ error: { code: 'expired' } });
  expect(await second.stop()).toBe(0);
});

it('takes up the gallery and changes the level of its log', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  expect(await here.ask('reload-gallery', { to: 'previous' })).toMatchObject({ error: { code: 'failed' } });
  await mkdir(join(here.dir, 'people'));
  await writeFile(join(here.dir, 'people', 'alice.jpg'), await portraits.alice());
  expect((await muster(here.dir, ['enroll', 'people'], here.env)).status).toBe(0);
  expect(await here.ask('reload-gallery')).toMatchObject({ ok: true, data: { rev: 1, subjects: 1 } });
  await writeFile(join(here.dir, 'people', 'bella.jpg'), await portraits.bella());
  expect((await muster(here.dir, ['enroll', 'people'], here.env)).status).toBe(0);
  expect(await here.ask('reload-gallery')).toMatchObject({ ok: true, data: { subjects: 2 } });
  expect(await here.ask('reload-gallery', { to: 'previous' })).toMatchObject({ data: { subjects: 1 } });

  expect(await here.ask('log-level', { level: 'silent', for_s: 1 })).toMatchObject({
    data: { level: 'silent', until: expect.stringContaining('Z') as string },
  });
  const lines = station.lines.length;
  expect(await here.ask('ping')).toMatchObject({ ok: true });
  expect(station.lines.length).toBe(lines);
  await new Promise((resolve) => {
    setTimeout(resolve, 1_200);
  });
  expect(await here.ask('ping')).toMatchObject({ ok: true });
  await eventually('a line again', () => station.lines.length > lines);
  expect(await station.stop()).toBe(0);
});

it('restarts inside its process where nobody else would start it', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  expect(await here.ask('restart')).toMatchObject({ ok: true, data: { how: 'station' } });
  const readies = () => station.lines.filter(({ msg }) => msg.startsWith('ready')).length;
  await eventually('ready again', () => readies() === 2);
  expect(await here.ask('ping')).toMatchObject({ ok: true });
  expect(station.child.exitCode).toBe(null);
  expect(here.on('state').map(({ payload }) => (JSON.parse(payload) as { state: string }).state)).toContain(
    'stopped',
  );
  expect(await station.stop()).toBe(0);
});

it('ends with 75 where systemd starts it again', async () => {
  const here = await siteWithDesk();
  // As systemd does it: the variable holds the id of the process itself.
  const child = spawn('sh', ['-c', 'SYSTEMD_EXEC_PID=$$ exec "$0" "$1" station', process.execPath, program], {
    cwd: here.dir,
    env: { ...process.env, MUSTER_DATA_DIR: join(here.dir, 'data'), ...here.env },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  await eventually('ready', () => here.state() === 'ready');
  expect(await here.ask('restart')).toMatchObject({ ok: true, data: { how: 'process' } });
  expect(await exited).toEqual([75, null]);
  await eventually('the last state', () => here.state() === 'stopped');
});

it.skipIf(!hasMosquitto)(
  title('answers on the response topic of MQTT 5, below its own res/ only'),
  async () => {
    const broker = await startMosquitto();
    const here = await siteWithDesk({}, broker.url);
    const station = here.start();
    await station.ready;
    const { client } = await subscribe(broker.url, 'none', { protocolVersion: 5 });
    const seen: { topic: string; correlation: string | undefined; payload: string }[] = [];
    client.on('message', (topic, payload, { properties }) =>
      seen.push({ topic, correlation: properties?.correlationData?.toString(), payload: payload.toString() }),
    );
    await client.subscribeAsync([`${root}/res/#`, `${root}/checkin`, 'muster/1/other/#'], { qos: 1 });
    const give = async (id: string, responseTopic: string) => {
      const request = { id, ts: new Date().toISOString(), ttl_s: 30 };
      const properties = { responseTopic, correlationData: Buffer.from(`about ${id}`) };
      await client.publishAsync(`${root}/cmd/ping`, JSON.stringify(request), { qos: 1, properties });
      await eventually('the answer', () => seen.some(({ payload }) => payload.includes(id)));
      return seen.find(({ payload }) => payload.includes(id));
    };
    expect(await give('one', `${root}/res/desk-7`)).toMatchObject({
      topic: `${root}/res/desk-7`,
      correlation: 'about one',
    });
    for (const [id, elsewhere] of [
      ['two', `${root}/checkin`],
      ['three', 'muster/1/other/station-9/cmd/restart'],
    ] as const) {
      expect(await give(id, elsewhere)).toMatchObject({
        topic: `${root}/res/ping`,
        correlation: `about ${id}`,
      });
    }
    expect(await station.stop()).toBe(0);
  },
);
