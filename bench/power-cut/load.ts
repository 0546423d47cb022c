import { writeSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SubjectId } from '../../src/gallery/contract.ts';
import { createGalleryStore } from '../../src/gallery/store.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { nothingSaved, writeSettings } from '../../src/remote/config/file.ts';
import { anyDirection, dimension, inventPeople, simulatedModel } from '../../src/simulate/people.ts';
import { sceneAt, writeScene } from '../../src/simulate/scene.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { writeUpkeepRecord } from '../../src/upkeep/record.ts';
import { tuningFile, writeTuning } from '../../src/vision/tune-file.ts';
import { startFlakyBroker } from './broker.ts';
import { firstSecond, numberOf } from './promises.ts';
import { runSmallStation } from './station.ts';

/**
 * The process whose power is cut: `load.js <data_dir> <captures>`. A station with an invented vision works off a folder of captures that
 * keep coming, while its broker comes and goes, its gallery changes, and settings and other notes are written. On standard output it says
 * what was promised, in a line each: `fed <n>`, `delivered <n>`, `gallery <revision> <digest>`, `settings <rev>`.
 */

const [dataDir = '', count = '400'] = process.argv.slice(2);
const captures = Number(count);
const people = await inventPeople(300, 7);
const log = createLog('silent');
const say = (text: string) => void writeSync(1, `${text}\n`);

const stop = new AbortController();
const { url } = await startFlakyBroker(taken, stop.signal);
const running = runSmallStation({ dataDir, url, people, log }, stop.signal);
const others = [enrolling(), noting()];
await feeding();
stop.abort();
await running;
await Promise.all(others);
process.exit(0);

async function feeding(): Promise<void> {
  const inbox = join(dataDir, 'inbox');
  await mkdir(inbox, { recursive: true });
  for (let i = 0; i < captures; i += 1) {
    const time = firstSecond + i;
    const path = join(dataDir, `feed-${i}.tmp`);
    const file = await open(path, 'w');
    await file.writeFile(writeScene(sceneAt(i, time * 1000, 3, 300)));
    await file.utimes(time, time);
    await file.sync();
    await file.close();
    await rename(path, join(inbox, `capture-${i}.jpg`));
    const folder = await open(inbox, 'r');
    await folder.sync();
    await folder.close();
    say(`fed ${i}`);
    await sleep(4);
  }
  await sleep(500);
}

function taken(topic: string, payload: string): void {
  if (topic.endsWith('/checkin')) say(`delivered ${numberOf(JSON.parse(payload) as CheckinEvent)}`);
}

async function enrolling(): Promise<void> {
  const dir = join(dataDir, 'gallery', 'main');
  const store = createGalleryStore({
    dir,
    models: { fingerprint: simulatedModel, dimension },
    clock: systemClock,
    log,
  });
  const random = seededRandom(11);
  for (let n = 0; !stop.signal.aborted; n += 1) {
    const subject = `s-${n}` as SubjectId;
    const { revision, digest } = await store.apply({
      put: [{ subject, n: 0, embedding: anyDirection(random) }],
    });
    say(`gallery ${revision} ${digest}`);
    await sleep(50);
  }
}

async function noting(): Promise<void> {
  for (let rev = 1; !stop.signal.aborted; rev += 1) {
    const station = { rev, config: { decision: { cooldown_s: rev } } };
    await writeSettings(join(dataDir, 'remote-settings.json'), {
      ...nothingSaved,
      applied: { site: null, station },
    });
    say(`settings ${rev}`);
    await writeUpkeepRecord(join(dataDir, 'upkeep.json'), { jobs: {} });
    await writeTuning(tuningFile(dataDir), {
      schema: 'tuning/1',
      threads: 1,
      cpu: 'none',
      cores: 1,
      fingerprint: simulatedModel,
      measured_at: '2026-01-01T00:00:00.000Z',
      rounds: rev,
      measured: [],
    });
    await sleep(40);
  }
}
