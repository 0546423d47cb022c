import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { loadPack } from '../../src/models/load.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { fingerprintOf } from '../../src/vision/fingerprint.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { film, hasFfmpeg, writeVideo } from '../support/camera-film.ts';
import { muster, startStation, type RunningStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

/** Says so on standard error as soon as the process has taken over its signals: before that they end it, as they end any other. */
const listening = 'signals are taken over';
const announceSignals = {
  NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(`
    import { isMainThread } from 'node:worker_threads';
    const on = process.on;
    if (isMainThread) process.on = function (name, ...rest) {
      const result = on.call(this, name, ...rest);
      if (name === 'SIGTERM') {
        process.on = on;
        console.error('${listening}');
      }
      return result;
    };`)}"`,
};

const said = (station: RunningStation, words: string) =>
  station.lines.some(({ msg }) => msg.startsWith(words));
const takenOver = (station: RunningStation) =>
  eventually('the signals', () => said(station, listening) || station.child.exitCode !== null);

/** Nothing but log lines, none of them an error that nobody expects. */
function expectQuiet({ lines }: RunningStation): void {
  expect(lines.filter(({ level, msg }) => (level === 0 || level >= 50) && msg !== listening)).toEqual([]);
}

/** Whoever works in the folder: the station, and the programs that it has started. */
function processesIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

const expectNobodyIn = (folder: string) =>
  eventually('the end of all programs', () => processesIn(folder).length === 0);

it(
  'a station that is told to stop at any moment of its start does, with 0, and the next one goes on',
  { timeout: 180_000 },
  async () => {
    const dir = await temporaryFolder();
    const inbox = join(dir, 'data', 'inbox');
    await mkdir(inbox, { recursive: true });
    const pack = await loadPack(defaultModelsDir, 'edge');
    const gallery = galleryStore(join(dir, 'data/gallery/main'), {
      fingerprint: fingerprintOf(pack, true),
      dimension: pack.dimension,
    });
    // So many that reading them is a part of the start.
    await gallery.apply({ put: templates(30_000, { length: pack.dimension }) });
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'muster/1/default/station-1/checkin');
    const env = { MUSTER_MQTT__URL: broker.url(), ...announceSignals };

    const measured = startStation(dir, env);
    await takenOver(measured);
    const began = performance.now();
    await measured.ready;
    const startMs = performance.now() - began;
    expect(await measured.stop()).toBe(0);

    const moments = 12;
    /** Photos that a station left for the next one, at the most. */
    let left = 0;
    for (let moment = 0; moment < moments; moment += 1) {
      // Somebody is at the door each time.
      await writeFile(join(inbox, `${moment}.jpg`), await portraits.alice());
      const station = startStation(dir, env);
      await takenOver(station);
      await sleep((startMs * moment) / (moments - 1));
      expect([moment, await station.stop()]).toEqual([moment, 0]);
      expectQuiet(station);
      await expectNobodyIn(dir);
      left = Math.max(left, await photosIn(inbox));
    }

    const next = startStation(dir, env);
    await next.ready;
    await eventually('an empty inbox', async () => (await photosIn(inbox)) === 0, 30_000);
    await eventually('all events', () => idsOf(messages).size === moments);
    expect(await next.stop()).toBe(0);
    expect(idsOf(messages).size).toBe(moments);
    expect(left).toBeGreaterThan(0);
  },
);

it('a station that is told to stop before it has taken over its signals is ended by them', async () => {
  const dir = await temporaryFolder();
  const env = { MUSTER_MQTT__EMBEDDED__PORT: '0' };
  const early = startStation(dir, env);
  early.child.kill('SIGTERM');
  expect(await early.stop()).toBeNull();
  expect(early.child.signalCode).toBe('SIGTERM');
  const next = startStation(dir, env);
  await next.ready;
  expect(await next.stop()).toBe(0);
});

it('a second signal ends the start at once, with 143', async () => {
  const dir = await temporaryFolder();
  const env = { MUSTER_MQTT__EMBEDDED__PORT: '0', ...announceSignals };
  const hurried = startStation(dir, env);
  await takenOver(hurried);
  hurried.child.kill('SIGTERM');
  // Two signals at once are one.
  await sleep(20);
  expect(await hurried.stop()).toBe(143);
  expectQuiet(hurried);
  await expectNobodyIn(dir);
  const next = startStation(dir, env);
  await next.ready;
  expect(await next.stop()).toBe(0);
});

it(
  'a start that ends itself at any moment does so with its own status, in the middle of a library too',
  { timeout: 60_000 },
  async () => {
    const dir = await temporaryFolder();
    for (let ms = 100; ms < 400; ms += 12) {
      const exit = `
      import { isMainThread } from 'node:worker_threads';
      if (isMainThread) setTimeout(() => process.exit(3), ${ms});`;
      const { status } = await muster(dir, ['station'], {
        MUSTER_MQTT__EMBEDDED__PORT: '0',
        NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(exit)}"`,
      });
      expect([ms, status]).toEqual([ms, 3]);
    }
  },
);

it('a station that is told to stop while its broker says nothing is not ready afterwards', async () => {
  const dir = await temporaryFolder();
  const asked: unknown[] = [];
  const silent = createServer((socket) => {
    asked.push(socket);
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const station = startStation(dir, { MUSTER_MQTT__URL: `mqtt://127.0.0.1:${port}` });
  await eventually('its question', () => asked.length > 0);
  expect(await station.stop()).toBe(0);
  expectQuiet(station);
  expect(said(station, 'ready')).toBe(false);
  await expectNobodyIn(dir);
});

it.skipIf(!hasFfmpeg)('a station that is told to stop at its start leaves no camera behind', async () => {
  const dir = await temporaryFolder();
  const video = join(await temporaryFolder(), 'door.avi');
  await writeVideo(video, await film([{ person: null, seconds: 2 }], 10), 10);
  const env = {
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_CAPTURE__CAMERA__SOURCE: 'ffmpeg',
    MUSTER_CAPTURE__CAMERA__URL: `file://${video}`,
  };
  const station = startStation(dir, env);
  await eventually('the camera', () => processesIn(dir).length > 1);
  expect(await station.stop()).toBe(0);
  expectQuiet(station);
  await expectNobodyIn(dir);
});

function idsOf(messages: readonly { readonly payload: string }[]): ReadonlySet<string> {
  return new Set(messages.map(({ payload }) => (JSON.parse(payload) as CheckinEvent).event_id));
}

async function photosIn(folder: string): Promise<number> {
  return (await readdir(folder)).filter((name) => name.endsWith('.jpg')).length;
}
