import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { freePort } from '../../demo/free-port.ts';
import { portraits, scenery } from '../../demo/sample-photos.ts';
import type { SubjectId } from '../../src/gallery/contract.ts';
import { createGalleryStore } from '../../src/gallery/store.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { anyDirection } from '../../src/simulate/people.ts';
import { enroll } from '../enroll.ts';
import { serviceMemory } from '../service-memory.ts';
import { createBrokerThatGoes, sizeOf, startStation, type ProcessReading } from './rig.ts';

export interface SoakSample extends ProcessReading {
  /** Captures that the station has decided. */
  readonly captures: number;
  readonly seconds: number;
  readonly diskMb: number;
  readonly brokerAway: boolean;
}

export interface SoakResult {
  readonly captures: number;
  /** Captures without an event at the end. */
  readonly lost: number;
  /** Captures with two different events. */
  readonly doubled: number;
  readonly outages: number;
  readonly templates: number;
  readonly seconds: number;
  readonly samples: readonly SoakSample[];
  /** Lines of the station's log of the level error, but for those that tell of the outages. */
  readonly errors: readonly string[];
  /** The station's exit status. */
  readonly status: number | null;
}

export interface SoakOptions {
  /** An empty folder. */
  readonly dir: string;
  readonly captures: number;
  readonly outages: number;
  /** Captures from one new template to the next. */
  readonly enrolEvery: number;
  /** Room for the photos that the station keeps, MiB: what it may take of the disk. */
  readonly keptMb: number;
  readonly onProgress: (captures: number) => void;
}

/** 2026-01-01T00:00:00Z, s: the captures are a second apart, so that an event tells whose it is. */
const firstSecond = 1_767_225_600;
/** In the inbox at once. */
const ahead = 40;
/** Share of the time between two outages in which the broker is away. */
const awayShare = 0.15;
const sampleMs = 1_000;
/** Without an event for so long the soak is given up, ms. */
const patienceMs = 120_000;

/**
 * Runs a station at full speed with every part of it at work: its gallery grows, its broker comes and goes, decided photos are kept and
 * pruned, and every job of the upkeep runs all the time.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { dir, captures, outages, enrolEvery, onProgress } = options;
  const data = join(dir, 'data');
  const inbox = join(data, 'inbox');
  await mkdir(inbox, { recursive: true });
  const broker = await createBrokerThatGoes(createLog('silent'));
  const env = {
    ...stationEnv(data, broker.url, await freePort(), options.keptMb),
    ...(await serviceMemory()),
  };
  await mkdir(join(dir, 'people'));
  for (const name of ['alice', 'bella'] as const)
    await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
  await enroll(join(dir, 'people'), env);
  const photos = await smallPhotos();
  const grow = await growingGallery(join(data, 'gallery', 'main'));

  const station = await startStation(env);
  const started = performance.now();
  const samples: SoakSample[] = [];
  const firstEvent = new Map<string, string>();
  const doubled = new Set<string>();
  let fed = 0;
  let enrolled = 2;
  let seen = 0;
  const decided = async () => fed - (await readdir(inbox)).filter((name) => name.endsWith('.jpg')).length;
  const period = captures / (outages + 1);

  const sampling = setInterval(() => void sample(), sampleMs);
  try {
    let progressAt = performance.now();
    for (;;) {
      const done = await decided();
      if (done > seen) {
        seen = done;
        progressAt = performance.now();
        onProgress(done);
      }
      if (performance.now() - progressAt > patienceMs)
        throw new Error(`nothing was decided for ${patienceMs} ms`);
      const phase = (done / period) % 1;
      const shouldBeAway = done >= period && done < captures && phase < awayShare;
      if (shouldBeAway && broker.isThere()) await broker.go();
      if (!shouldBeAway && !broker.isThere()) await broker.comeBack();
      while (fed < captures && fed - done < ahead) await feed(fed++);
      while (enrolled - 2 < Math.floor(done / enrolEvery)) await grow(enrolled++);
      if (done >= captures) break;
      await sleep(20);
    }
    if (!broker.isThere()) await broker.comeBack();
    const end = performance.now() + patienceMs;
    while (capturesHeard() < captures && performance.now() < end) await sleep(100);
    await sample();
  } finally {
    clearInterval(sampling);
  }
  const seconds = (performance.now() - started) / 1000;
  const status = await station.stop();
  await broker.close();
  return {
    captures,
    lost: captures - capturesHeard(),
    doubled: doubled.size,
    outages,
    templates: enrolled,
    seconds,
    samples,
    errors: station.errors.filter((line) => !/broker-unreachable|the broker/.test(line)),
    status,
  };

  async function sample(): Promise<void> {
    const [taken, diskMb, count] = await Promise.all([station.read(), sizeOf(data), decided()]);
    const at = (performance.now() - started) / 1000;
    samples.push({ captures: count, seconds: at, ...taken, diskMb, brokerAway: !broker.isThere() });
  }

  /** A photo whose bytes nobody has seen before, whole at once. */
  async function feed(i: number): Promise<void> {
    const path = join(dir, `capture-${i}.jpg`);
    await writeFile(path, Buffer.concat([photos[i % photos.length]!, randomBytes(8)]));
    await utimes(path, firstSecond + i, firstSecond + i);
    await rename(path, join(inbox, `capture-${i}.jpg`));
  }

  function capturesHeard(): number {
    for (const { captured_at, event_id } of broker.heard().values()) {
      const first = firstEvent.get(captured_at);
      if (first === undefined) firstEvent.set(captured_at, event_id);
      else if (first !== event_id) doubled.add(captured_at);
    }
    return firstEvent.size;
  }
}

/** The smallest in which a face can be found, so that thousands take minutes: two known people and a stranger among five of nobody. */
async function smallPhotos(): Promise<readonly Buffer[]> {
  const people = [portraits.aliceAgain, portraits.bellaAgain, portraits.stranger];
  const photos = [...people, scenery, scenery, scenery, scenery, scenery];
  return await Promise.all(
    photos.map(async (photo) =>
      sharp(await photo())
        .resize({ width: 160 })
        .jpeg({ quality: 80 })
        .toBuffer(),
    ),
  );
}

/** Adds a template of nobody to the station's gallery, as another process. */
async function growingGallery(dir: string): Promise<(n: number) => Promise<void>> {
  const parts = { clock: systemClock, log: createLog('silent') };
  const anyModels = createGalleryStore({ ...parts, dir, models: { fingerprint: null, dimension: 0 } });
  const { fingerprint, dimension } = await anyModels.load();
  const store = createGalleryStore({ ...parts, dir, models: { fingerprint, dimension } });
  const random = seededRandom(20_261_125);
  return async (n) => {
    const subject = `s-${String(n).padStart(5, '0')}` as SubjectId;
    await store.apply({ put: [{ subject, n: 0, embedding: anyDirection(random) }] });
  };
}

function stationEnv(data: string, url: string, httpPort: number, keptMb: number): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('MUSTER_'));
  return {
    ...Object.fromEntries(others),
    MUSTER_DATA_DIR: data,
    MUSTER_MQTT__URL: url,
    MUSTER_HTTP__PORT: `${httpPort}`,
    MUSTER_MQTT__RECONNECT_MIN_MS: '100',
    MUSTER_MQTT__RECONNECT_MAX_MS: '500',
    MUSTER_DECISION__COOLDOWN_S: '10',
    MUSTER_VISION__FLIP: 'false',
    MUSTER_CAPTURE__FOLDER__AFTER: 'keep',
    MUSTER_UPKEEP__JITTER_S: '0',
    MUSTER_UPKEEP__RETENTION__SCHEDULE: '*/5 * * * * *',
    MUSTER_UPKEEP__RETENTION__DONE_MB: `${keptMb}`,
    MUSTER_UPKEEP__RETENTION__MEMORY_CAPTURES: '1000',
    MUSTER_UPKEEP__GALLERY__SCHEDULE: '*/10 * * * * *',
    MUSTER_UPKEEP__SELF_TEST__SCHEDULE: '*/30 * * * * *',
    MUSTER_UPKEEP__COMPACTION__SCHEDULE: '*/20 * * * * *',
    MUSTER_UPKEEP__SUMMARY__SCHEDULE: '*/15 * * * * *',
    // The line that says ready is of this level.
    MUSTER_LOG__LEVEL: 'info',
  };
}
