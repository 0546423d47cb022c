import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BoardFiles } from './board/contract.ts';
import { thisBoard } from './board/files.ts';
import { createThrottleWatch } from './board/throttle-watch.ts';
import { readThrottling } from './board/throttling.ts';
import { createStationConnection } from './broker/open.ts';
import { stationTopics } from './broker/topics.ts';
import { throttledFps } from './capture/camera/open.ts';
import { createCaptures } from './capture/open.ts';
import { runCheckins } from './checkins.ts';
import type { Config } from './config/schema.ts';
import type { Gallery } from './gallery/contract.ts';
import { openGalleryStore } from './gallery/open.ts';
import { openGallerySync } from './gallery/sync/open.ts';
import { createActivity } from './lib/activity.ts';
import { createBell } from './lib/bell.ts';
import { isoTime, type Clock } from './lib/clock.ts';
import { inTime } from './lib/in-time.ts';
import { messageOf, MusterError } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import type { LogTail } from './lib/log-tail.ts';
import { packageVersion } from './lib/package.ts';
import type { RemoteSupervision, StationEnd } from './remote/features.ts';
import { openRecording } from './replay/open.ts';
import type { Service } from './service/contract.ts';
import type { Serving } from './serving.ts';
import { createStore } from './store/store.ts';
import { readBoard } from './telemetry/board.ts';
import { createMachine } from './telemetry/machine.ts';
import type { InfoPayload } from './telemetry/payloads.ts';
import { alertOfThrottling } from './telemetry/throttle-alert.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { Vision, VisionInfo } from './vision/contract.ts';
import { createThumbnailer } from './vision/thumbnail/thumbnail.ts';

/** Vision, which whoever runs the station starts and closes, since the models take longest. */
export interface Eyes {
  readonly vision: Vision;
  /** Of `vision.start()`. */
  readonly models: Promise<VisionInfo>;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
  /** Commands and settings from afar; without it there are none. */
  readonly remote?: RemoteSupervision;
  /** The newest lines of `log`, to be shown on the pages. */
  readonly logTail?: LogTail;
  /** What tells of heat and power; without it, the files of this machine. */
  readonly board?: BoardFiles;
  /** The file of the settings; without it there is none. */
  readonly configFile?: string | undefined;
  /** Who watches over the process; without it nobody does. */
  readonly service?: Service;
}

/**
 * What serves others waits this long for the first capture at the most, when one is there already, ms: a photo that is still being
 * written may take long.
 */
const headStartMs = 3_000;

/**
 * The composition root: builds a station from its config and runs it until the signal aborts, or it is told from afar to
 * begin again. The sink on disk starts first, then models and gallery, then the source and the loop; what serves others (`serving.ts`)
 * follows, so that whoever is at the door does not wait for it. The end is in reverse. Resolves with what is to follow.
 *
 * Rejects with a MusterError when it can't start: data_dir, store, models, gallery, capture folder, or the port of the
 * embedded broker. A broker that is away is no reason: the station works and catches up.
 */
export async function runStation(
  config: Config,
  { vision, models }: Eyes,
  surroundings: Surroundings,
  outerSignal: AbortSignal,
): Promise<StationEnd> {
  const { clock, log, remote = null, board: boardFiles = thisBoard } = surroundings;
  const ending = new AbortController();
  const signal = AbortSignal.any([outerSignal, ending.signal]);
  let how: StationEnd = 'stopped';
  const startedAt = clock.now();
  const connection = createStationConnection(config, surroundings);
  const store = createStore(join(config.data_dir, 'state'));
  let serving: Serving | null = null;
  const telemetry = createTelemetry({
    config,
    store,
    connection,
    clock,
    log,
    machine: createMachine({ dataDir: config.data_dir, board: boardFiles }),
    upkeep: () => serving?.lastRuns() ?? {},
  });
  const { alerts } = telemetry;
  const gallerySync = await openGallerySync(config, { connection, alerts, clock, log });
  const activity = createActivity(clock);
  const throttle = createThrottleWatch({
    read: () => readThrottling(boardFiles),
    clock,
    onChange: (cause) => alertOfThrottling(cause, { alerts, cameraFps: throttledFps(config.capture.camera) }),
  });
  /** Not on a disk that is nearly full. */
  let mayKeep = true;
  const { source, camera, inbox, rescanFolders } = createCaptures(config, {
    alerts,
    thumbnailer: (size) => createThumbnailer({ ...size, maxPixels: config.vision.max_mpx * 1e6 }),
    activity,
    isThrottled: throttle.isSlow,
    clock,
    log,
    mayKeep: () => mayKeep,
    onFailed: () => telemetry.failed(),
  });
  const settled = createBell();
  let working = Promise.resolve();
  await makeDataDir(config.data_dir);
  try {
    // First, as it fails again and again while the disk is full.
    await telemetry.start();
    await connection.listen();
    throttle.start();
    if (camera !== null) telemetry.setCamera(() => camera.status());
    await source.open();

    // Templates of other models are left where they are when the right ones can come from the broker.
    const otherModels = gallerySync === null ? 'refuse' : 'leave';
    const galleryStore = await openGalleryStore(config, models, { clock, log, otherModels });
    /** Set before anything is compared: see `galleryRead`. */
    let gallery!: Gallery;
    const galleryRead = galleryStore.load().then((revision) => (gallery = revision));
    galleryRead.catch(() => {});
    const model = await models;
    if (model.pad !== null && 'problem' in model.pad)
      alerts.raise('pad-unavailable', 'warning', model.pad.problem);
    const policy = () => {
      const { decision } = remote?.settings.config() ?? config;
      return { ...decision, threshold: decision.threshold === 'auto' ? model.threshold : decision.threshold };
    };
    const recording = openRecording(config, { model, settings: remote?.settings, log });
    const firstSettled = settled.next();
    working = runCheckins(
      {
        station: config,
        source,
        vision,
        gallery: () => gallery,
        galleryRead,
        policy,
        telemetry,
        ...(recording && { recording }),
        model: model.fingerprint,
        activity,
        onSettled: () => settled.ring(),
        clock,
        log,
      },
      signal,
    );
    working.catch(() => {});

    await galleryRead;
    const board = await readBoard();
    const takeUp = (revision: Gallery) => {
      gallery = revision;
      telemetry.setInfo(infoPayload(config, model, gallery, board, startedAt));
      return revision;
    };
    galleryStore.watch((revision) => {
      log.info({ revision: revision.revision, subjects: revision.subjects }, 'the gallery was swapped');
      takeUp(revision);
      gallerySync?.look();
    }, signal);
    if (gallery.templates === 0 && gallerySync === null)
      log.warn('the gallery is empty: enrol people with `muster enroll <folder>`');

    if ((await rescanFolders()) > 0) await inTime(firstSettled, headStartMs, signal);
    if (!signal.aborted) {
      const { createServing } = await import('./serving.ts');
      serving = createServing({
        ...surroundings,
        config,
        remote,
        connection,
        store,
        telemetry,
        vision,
        model,
        gallery: () => gallery,
        galleryStore,
        gallerySync,
        takeUp,
        source,
        camera,
        policy,
        activity,
        onKeeping: (may) => (mayKeep = may),
        end(wanted) {
          how = wanted;
          ending.abort();
        },
        signal,
      });
      takeUp(gallery);
      await serving.start();
      if (!signal.aborted) {
        telemetry.setState('ready');
        const topics = `${stationTopics(config).root}/#`;
        log.info(
          { inbox, camera: config.capture.camera.source, topics, model: model.pack },
          'ready: waiting for captures',
        );
        await serving.begin();
      }
    }
    await working;
    await recording?.close();
    telemetry.setState('stopping');
    log.info('stopping');
    return how;
  } finally {
    ending.abort();
    await Promise.allSettled([working]);
    throttle.close();
    await serving?.close();
    await gallerySync?.close();
    await telemetry.close();
  }
}

async function makeDataDir(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new MusterError('data_dir', `data_dir ${dir} can't be made: ${messageOf(error)}`, {
      remedy: 'Choose another data_dir, or give the user that runs Muster the right to write there.',
      cause: error,
    });
  }
}

function infoPayload(
  config: Config,
  model: VisionInfo,
  gallery: Gallery,
  board: Awaited<ReturnType<typeof readBoard>>,
  startedAt: number,
): InfoPayload {
  return {
    schema: 'info/1',
    versions: { muster: packageVersion, node: process.versions.node, contract: 1 },
    board: board.board,
    os: board.os,
    arch: process.arch,
    cores: availableParallelism(),
    threads: model.threads,
    cpus: model.cpus,
    pack: model.pack,
    model: model.fingerprint,
    pad: model.pad !== null && 'fingerprint' in model.pad ? model.pad.fingerprint : null,
    gallery: {
      name: config.gallery.name,
      rev: gallery.revision,
      subjects: gallery.subjects,
      templates: gallery.templates,
      digest: gallery.digest,
    },
    boot_id: board.bootId,
    started_at: isoTime(startedAt),
  };
}
