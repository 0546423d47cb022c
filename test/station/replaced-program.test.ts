import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { startStation, type RunningStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

/** A clone whose sources are its own: it can be built anew. */
async function clone(): Promise<string> {
  const root = join(await temporaryFolder(), 'muster');
  await mkdir(join(root, 'dist'), { recursive: true });
  for (const path of ['bin', 'src', 'scripts', 'package.json', 'tsconfig.json', 'wasm'])
    await cp(join(packageRoot, path), join(root, path), { recursive: true });
  for (const path of ['node_modules', 'models', 'dist/src'])
    await symlink(join(packageRoot, path), join(root, path));
  build(root);
  return root;
}

function build(root: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/bundle.mjs')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}

/** As an update does: a part that nearly all others import is another, and so all are. */
async function update(root: string, version: number): Promise<void> {
  const file = join(root, 'src/lib/errors.ts');
  await writeFile(file, `${await readFile(file, 'utf8')}\nprocess.env['BUILT'] = '${version}';\n`);
  build(root);
}

/** Has the vision thread end, between two inferences, when the process gets SIGUSR2. */
const endingThreads = {
  NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(`
    import threads from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    const { Worker, isMainThread } = threads;
    if (isMainThread) {
      let last;
      threads.Worker = class extends Worker {
        constructor(...options) {
          super(...options);
          last = this;
        }
      };
      syncBuiltinESMExports();
      process.on('SIGUSR2', () => last.postMessage({ type: 'stop' }, []));
    }`)}"`,
};

const lost = ({ lines }: RunningStation) =>
  lines.filter(({ msg }) => msg === 'the vision thread was lost').length;

async function endThread(station: RunningStation): Promise<void> {
  const before = lost(station);
  station.child.kill('SIGUSR2');
  await eventually('the loss of the thread', () => lost(station) > before);
}

it(
  'a station goes on with the build that it was started with, and says what helps when that is gone',
  { timeout: 120_000 },
  async () => {
    const root = await clone();
    const program = join(root, 'dist/program');
    const first = await realpath(program);
    const dir = await temporaryFolder();
    const port = await freePort();
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'muster/1/default/station-1/#');
    const decided = () => messages.filter(({ topic }) => topic.endsWith('/checkin')).length;
    const env = { MUSTER_MQTT__URL: broker.url(), MUSTER_HTTP__PORT: `${port}`, ...endingThreads };
    const station = startStation(dir, env, undefined, root);
    await station.ready;
    const inbox = join(dir, 'data', 'inbox');
    const drop = async (name: string) => writeFile(join(inbox, name), await portraits.alice());

    // Two updates, and it still has all its parts.
    await update(root, 1);
    await update(root, 2);
    const newest = await realpath(program);
    expect(newest).not.toBe(first);
    await endThread(station);
    await drop('1.jpg');
    await eventually('a decision', () => decided() === 1);
    expect((await fetch(`http://127.0.0.1:${port}/docs`)).status).toBe(200);
    expect(existsSync(first)).toBe(true);

    // Another start has the newest.
    const other = startStation(
      await temporaryFolder(),
      { MUSTER_MQTT__EMBEDDED__PORT: '0' },
      undefined,
      root,
    );
    await other.ready;
    expect(await other.stop()).toBe(0);

    // With one more its build is gone.
    await update(root, 3);
    expect(existsSync(first)).toBe(false);
    expect((await readdir(join(root, 'dist'))).filter((name) => name.startsWith('program'))).toHaveLength(4);
    await endThread(station);
    await drop('2.jpg');
    const problem =
      /a part of the program is not there: Cannot find module .*vision-worker\.js.*Start it again/;
    await eventually('the alert', () =>
      messages.some(({ topic, payload }) => topic.endsWith('/alert/vision-failing') && problem.test(payload)),
    );
    expect(station.lines).toContainEqual(
      expect.objectContaining({
        level: 50,
        msg: 'the vision thread could not be started',
        remedy: expect.stringContaining('Start it again') as string,
      }),
    );
    expect(await station.stop()).toBe(0);

    // And so it does.
    const next = startStation(dir, env, undefined, root);
    await next.ready;
    await eventually('the photo that waited', () => decided() === 2);
    expect(await next.stop()).toBe(0);
    const events = messages.flatMap(({ topic, payload }) =>
      topic.endsWith('/checkin') ? [JSON.parse(payload) as CheckinEvent] : [],
    );
    expect(events.map(({ reason }) => reason)).toEqual(['gallery_empty', 'gallery_empty']);
    await rm(root, { recursive: true });
  },
);
