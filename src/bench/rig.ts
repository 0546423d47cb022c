import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStationConnection } from '../broker/open.ts';
import { createFolderSource } from '../capture/folder.ts';
import { runCheckins } from '../checkins.ts';
import type { Config } from '../config/schema.ts';
import type { Gallery, SubjectId, Template } from '../gallery/contract.ts';
import { galleryOfTable } from '../gallery/table-gallery.ts';
import { digestOf, tableOf } from '../gallery/template-table.ts';
import { createActivity } from '../lib/activity.ts';
import { createBell } from '../lib/bell.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { anyDirection } from '../simulate/people.ts';
import { createStore } from '../store/store.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import type { VisionInfo, VisionJob } from '../vision/contract.ts';
import { graphsDir, visionOptions } from '../vision/options.ts';
import { createVision } from '../vision/vision.ts';
import { type Analysed, type Measured, noteAnalysed, nothingMeasured, withProbes } from './probes.ts';

/** One turn of captures. */
export interface Turn extends Measured {
  /** From the first capture to the last answer (of vision) or acknowledged event (of the station), s. */
  readonly seconds: number;
}

/** A station that is fed by the bench. */
export interface Rig {
  readonly model: VisionInfo;
  /** Captures through the inbox: analysed, decided, recorded, and acknowledged by the station's own broker. */
  station(photos: readonly Uint8Array[]): Promise<Turn>;
  /** The same photos by the vision worker alone. */
  worker(photos: readonly Uint8Array[]): Promise<Turn>;
  /** One photo by the worker, its faces followed or searched for. */
  analyse(photo: Uint8Array, look?: Omit<VisionJob, 'photo'>): Promise<Analysed>;
  close(): Promise<void>;
}

/** As many photos on their way as in the station, so that the worker never waits for the next. */
const photosAhead = 2;
/** A station without an answer for this long is given up, ms. */
const patienceMs = 60_000;
/** 2026-01-01T00:00:00Z, s. Photos of the past need not settle, and their order is that of their times. */
const firstSecond = 1_767_225_600;

export interface RigOptions {
  /** Of a station; its `data_dir` is an empty folder, its broker the embedded one on a free port. */
  readonly config: Config;
  /** Templates in the gallery. */
  readonly templates: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts the parts of a station in this process, with watches beside them. Rejects with the MusterErrors of its parts. */
export async function startRig({ config, templates, clock, log }: RigOptions): Promise<Rig> {
  const ending = new AbortController();
  const inbox = join(config.data_dir, 'inbox');
  const prepared = join(config.data_dir, 'prepared');
  const connection = createStationConnection(config, { clock, log, random: Math.random });
  const store = createStore(join(config.data_dir, 'state'));
  const telemetry = createTelemetry({ config, store, connection, clock, log });
  const vision = createVision({ ...visionOptions(config), graphsDir: graphsDir(config), log, clock });
  const activity = createActivity(clock);
  let working: Promise<void> = Promise.resolve();
  let measured = nothingMeasured();
  const published = createBell();
  let fed = 0;

  const close = async () => {
    ending.abort();
    await working;
    await vision.close();
    await telemetry.close();
  };

  try {
    await mkdir(prepared, { recursive: true });
    await telemetry.start();
    await telemetry.connect();
    const model = await vision.start();
    const gallery = await inventGallery(templates, model);
    const source = createFolderSource({
      path: inbox,
      done: join(inbox, 'done'),
      failed: join(inbox, 'failed'),
      after: 'delete',
      polling: false,
      pollIntervalMs: config.capture.folder.poll_interval_ms,
      stableMs: config.capture.folder.stable_ms,
      graceMs: config.capture.folder.grace_s * 1000,
      rescanMs: config.capture.folder.rescan_s * 1000,
      maxBytes: config.capture.folder.max_mb * 2 ** 20,
      clock,
      log,
      onFailed: () => undefined,
      onTrouble: () => undefined,
    });
    await source.open();
    const policy = () => ({ ...config.decision, threshold: model.threshold });
    const probed = withProbes(
      { vision, gallery: () => gallery, telemetry },
      () => measured,
      published,
      clock,
    );
    working = runCheckins(
      { station: config, source, policy, model: model.fingerprint, activity, clock, log, ...probed },
      ending.signal,
    );

    return {
      model,
      close,
      async station(photos) {
        measured = nothingMeasured();
        const names = await put(photos);
        const started = clock.monotonic();
        for (const name of names) await rename(join(prepared, name), join(inbox, name));
        await allPublished(photos.length);
        return { ...measured, seconds: (clock.monotonic() - started) / 1000 };
      },
      async worker(photos) {
        const turn = nothingMeasured();
        const left = photos.values();
        const lane = async () => {
          for (const photo of left)
            noteAnalysed(turn, await vision.analyse({ photo: new Uint8Array(photo) }));
        };
        const started = clock.monotonic();
        await Promise.all(Array.from({ length: photosAhead }, lane));
        return { ...turn, seconds: (clock.monotonic() - started) / 1000 };
      },
      analyse: async (photo, look = {}) =>
        noteAnalysed(nothingMeasured(), await vision.analyse({ photo: new Uint8Array(photo), ...look })),
    };
  } catch (error) {
    await close();
    throw error;
  }

  /** Writes photos beside the inbox, each with a time of its own. */
  async function put(photos: readonly Uint8Array[]): Promise<readonly string[]> {
    const names = photos.map((_, i) => `capture-${fed + i}.jpg`);
    for (const [i, name] of names.entries()) {
      await writeFile(join(prepared, name), photos[i]!);
      await utimes(join(prepared, name), firstSecond + fed + i, firstSecond + fed + i);
    }
    fed += photos.length;
    return names;
  }

  /** Without looking again and again: that would be counted as the station's work. */
  async function allPublished(count: number): Promise<void> {
    const { publish } = measured.stages;
    let late: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`no decision for ${patienceMs / 1000} s`)), patienceMs);
    });
    try {
      while (publish.length < count) await Promise.race([published.next(), givenUp]);
    } finally {
      clearTimeout(late);
    }
  }
}

/** A gallery of nobody: unit vectors of any direction. */
export async function inventGallery(count: number, { dimension, fingerprint }: VisionInfo): Promise<Gallery> {
  const random = seededRandom(1);
  const templates = Array.from({ length: count }, (_, i): Template => ({
    subject: `s-${String(i).padStart(7, '0')}` as SubjectId,
    n: 0,
    embedding: anyDirection(random, dimension),
  }));
  const table = tableOf(templates, dimension);
  const digest = await digestOf(table);
  return { revision: 1, publication: null, fingerprint, digest, ...galleryOfTable(table) };
}
