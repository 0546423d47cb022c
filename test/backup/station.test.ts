import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';

it('a new card knows the people and the settings of the old one, and tells nothing twice', async () => {
  const [old, fresh] = [await temporaryFolder(), await temporaryFolder()];
  const broker = await startBroker();
  const { client, messages } = await subscribe(broker.url(), `${root}/#`);
  const env = { MUSTER_MQTT__URL: broker.url(), MUSTER_MQTT__RECONNECT_MIN_MS: '50' };
  const events = () =>
    messages
      .filter(({ topic }) => topic === `${root}/checkin`)
      .map(({ payload }) => JSON.parse(payload) as CheckinEvent);
  const drop = async (dir: string, name: string, photo: Buffer) => {
    await writeFile(join(dir, name), photo);
    await rename(join(dir, name), join(dir, 'data', 'inbox', name));
  };
  const settings = join(old, 'station.yaml');
  await writeFile(
    settings,
    '# hunter2\nhttp: { port: 0 }\nmqtt: { password: hunter2, username: door }\nlog: { level: info }\n',
  );
  await mkdir(join(old, 'people'));
  await writeFile(join(old, 'people', 'alice.jpg'), await portraits.alice());
  expect((await muster(old, ['enroll', 'people'], env)).status).toBe(0);

  const before = startStation(old, { ...env, MUSTER_CONFIG: settings });
  await before.ready;
  const desired = JSON.stringify({ rev: 7, config: { decision: { cooldown_s: 0 } } });
  await client.publishAsync(`${root}/config/desired`, desired, { qos: 1, retain: true });
  await drop(old, 'a.jpg', await portraits.aliceAgain());
  await eventually('a check-in', () => events().length === 1);
  const saved = async (dir: string) =>
    await readFile(join(dir, 'data', 'remote-settings.json'), 'utf8').catch(() => '');
  await eventually('the settings', async () => (await saved(old)).includes('"rev":7'));

  // The station runs on meanwhile.
  const backup = await muster(old, ['backup', 'door.tar', '--json'], { ...env, MUSTER_CONFIG: settings });
  expect(backup.stderr).toBe('');
  expect(JSON.parse(backup.stdout)).toMatchObject({ file: 'door.tar', files: 3 });
  const archive = await readFile(join(old, 'door.tar'));
  expect(archive.includes('username: door')).toBe(true);
  expect(archive.includes('hunter2')).toBe(false);
  const running = await muster(old, ['restore', 'door.tar'], env);
  expect(running.status).toBe(2);
  expect(running.stderr).toMatch(/is running\nStop it first/);
  expect(await before.stop()).toBe(0);

  // Not from the broker: from the backup.
  await client.publishAsync(`${root}/config/desired`, '', { qos: 1, retain: true });
  const restored = await muster(fresh, ['restore', join(old, 'door.tar')], env);
  expect(restored.stderr).toBe('');
  expect(restored.stdout).toMatch(/1 templates of 1 people[^]*tar -xOf/);
  expect(await saved(fresh)).toContain('"cooldown_s":0');
  const after = startStation(fresh, env);
  await after.ready;
  await drop(fresh, 'b.jpg', await portraits.aliceAgain());
  await eventually('another check-in', () => events().length > 1);
  expect(await after.stop()).toBe(0);

  const [first, second, ...more] = events();
  expect([first, second]).toMatchObject([
    { decision: 'accepted', subject: 'alice', seq: 1 },
    { decision: 'accepted', subject: 'alice', seq: 1 },
  ]);
  expect(second?.similarity).toBe(first?.similarity);
  expect(second?.stream).not.toBe(first?.stream);
  expect(more).toEqual([]);
});

it('a running station makes one by itself, with its settings, and a new card takes it', async () => {
  const [old, fresh, folder] = await Promise.all([temporaryFolder(), temporaryFolder(), temporaryFolder()]);
  const broker = await startBroker();
  const { client, messages } = await subscribe(broker.url(), `${root}/#`);
  const settings = join(old, 'station.yaml');
  await writeFile(
    settings,
    `http: { port: 0 }\nmqtt: { password: hunter2, username: door }\nupkeep: { backup: { folder: ${folder} } }\n`,
  );
  const env = { MUSTER_MQTT__URL: broker.url(), MUSTER_CONFIG: settings };
  await mkdir(join(old, 'people'));
  await writeFile(join(old, 'people', 'alice.jpg'), await portraits.alice());
  expect((await muster(old, ['enroll', 'people'], env)).status).toBe(0);
  const station = startStation(old, env);
  await station.ready;
  const request = { id: 'b-1', ts: new Date().toISOString(), ttl_s: 60, args: { run: 'backup' } };
  await client.publishAsync(`${root}/cmd/upkeep`, JSON.stringify(request), { qos: 1 });
  const answer = () => {
    const payload = messages.findLast(
      ({ topic, payload: text }) => topic === `${root}/res/upkeep` && text.includes('"ok"'),
    );
    return payload === undefined
      ? null
      : (JSON.parse(payload.payload) as { ok: boolean; data: UpkeepAnswer });
  };
  await eventually('the answer', () => answer()?.data?.jobs !== undefined);
  const job = answer()!.data.jobs.find(({ name }) => name === 'backup');
  expect(job).toMatchObject({ schedule: '27 3 * * *', last: { ok: true, by: 'hand' } });
  const [name, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  expect(job?.last?.message).toBe(`${name} with 2 files`);
  expect(await station.stop()).toBe(0);
  const archive = await readFile(join(folder, name!));
  expect(archive.includes('username: door')).toBe(true);
  expect(archive.includes('hunter2')).toBe(false);

  const restored = await muster(fresh, ['restore', join(folder, name!)], env);
  expect(restored).toMatchObject({ status: 0, stderr: '' });
  expect((await muster(fresh, ['gallery', 'list'], env)).stdout).toMatch(/alice +1/);
});

interface UpkeepAnswer {
  readonly jobs: readonly {
    readonly name: string;
    readonly schedule: string | null;
    readonly last: { readonly ok: boolean; readonly message: string } | null;
  }[];
}
