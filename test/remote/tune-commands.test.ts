import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { scenery } from '../../demo/sample-photos.ts';
import { payloadSchemas } from '../../src/payloads.ts';
import { tune } from '../../src/remote/commands/tune.ts';
import { planThreads } from '../../src/board/plan.ts';
import { readCores } from '../../src/board/topology.ts';
import { candidateThreads, thisMachine } from '../../src/vision/threads.ts';
import type { Tuning } from '../../src/vision/tune-file.ts';
import { eventually } from '../support/tools.ts';
import { siteWithDesk } from './support.ts';

type Desk = Awaited<ReturnType<typeof siteWithDesk>>;

const threadsOf = (here: Desk) =>
  payloadSchemas.info.parse(JSON.parse(here.on('info').at(-1)?.payload ?? '{}')).threads;
const tuned = async (here: Desk): Promise<z.infer<typeof tune.data>> => {
  const { ok, data } = await here.ask('tune', { rounds: 2 });
  expect(ok).toBe(true);
  return tune.data.parse(data);
};

it('tunes a station that goes on with its captures, and counts after a restart', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  const { cores } = thisMachine();
  // What auto takes before anything is known.
  const { threads: planned } = planThreads(await readCores());
  await eventually('info', () => here.on('info').length > 0);
  expect(threadsOf(here)).toBe(planned);
  const asking = tuned(here);
  await eventually('progress', () => here.answers('tune').length > 0);
  await writeFile(join(here.dir, 'data', 'inbox', 'meanwhile.jpg'), await scenery());
  expect(await here.ask('purge', { what: 'done' })).toMatchObject({
    error: { code: 'busy', message: expect.stringContaining('tune') as string },
  });
  const data = await asking;
  expect(here.answers('tune').filter(({ ok }) => ok === undefined)).toMatchObject([
    { progress: { round: 1, rounds: 2 } },
    { progress: { round: 2, rounds: 2 } },
  ]);
  expect(data.measured.map(({ threads }) => threads)).toEqual(candidateThreads(cores));
  expect(data).toMatchObject({ in_use: planned, auto: true, restart_required: data.threads !== planned });
  await eventually('the capture', () => here.on('checkin').length === 1);

  const file = join(here.dir, 'data', 'tuning.json');
  const written = JSON.parse(await readFile(file, 'utf8')) as Tuning;
  expect(written).toMatchObject({ threads: data.threads, measured: data.measured });
  // Another number than auto would take by itself, so that it is seen where it comes from.
  await writeFile(file, JSON.stringify({ ...written, threads: cores + 1 }));
  expect(await here.ask('restart')).toMatchObject({ ok: true });
  await eventually('the threads of the file', () => threadsOf(here) === cores + 1);
  expect(await here.ask('ping')).toMatchObject({ ok: true });
  expect(await station.stop()).toBe(0);
});

it('says that the choice does not count while the settings have a number', async () => {
  const here = await siteWithDesk({ MUSTER_VISION__THREADS: '3' });
  const station = here.start();
  await station.ready;
  expect(await here.ask('tune', { rounds: 0 })).toMatchObject({ error: { code: 'invalid_args' } });
  expect(await tuned(here)).toMatchObject({ in_use: 3, auto: false, restart_required: false });
  expect(await station.stop()).toBe(0);
});

it('ends when the station does, and leaves nothing behind', async () => {
  const here = await siteWithDesk();
  const station = here.start();
  await station.ready;
  const request = { id: 'cut', ts: new Date().toISOString(), ttl_s: 30, args: { rounds: 100 } };
  await here.client.publishAsync('muster/1/default/station-1/cmd/tune', JSON.stringify(request), { qos: 1 });
  await eventually('progress', () => here.answers('tune').length > 0);
  expect(await station.stop()).toBe(0);
  await expect(readFile(join(here.dir, 'data', 'tuning.json'))).rejects.toThrow('ENOENT');
});
