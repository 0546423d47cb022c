import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createThrottleWatch, type ThrottleWatch } from './board/throttle-watch.ts';
import { readThrottling } from './board/throttling.ts';
import type { Bridge } from './bridge/contract.ts';
import { createStationConnection } from './broker/open.ts';
import { stationTopics } from './broker/topics.ts';
import { throttledFps } from './capture/camera/open.ts';
import { createCaptures } from './capture/open.ts';
import { runCheckins } from './checkins.ts';
import type { Config } from './config/schema.ts';
import type { Gallery } from './gallery/contract.ts';
import { openGalleryStore } from './gallery/open.ts';
import { openGallerySync } from './gallery/sync/open.ts';
import type { HttpServer } from './http/contract.ts';
import { createActivity } from './lib/activity.ts';
import { isoTime, type Clock } from './lib/clock.ts';
import { messageOf, MusterError } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import type { LogTail } from './lib/log-tail.ts';
import { packageVersion } from './lib/package.ts';
import { createAcks } from './remote/acks.ts';
import { createManagement, type RemoteSupervision, type StationEnd } from './remote/features.ts';
import { openRecording } from './replay/open.ts';
import { createHomeAssistant } from './remote/home-assistant/feature.ts';
import { startRemote } from './remote/remote.ts';
import { stationChecks } from './selftest/checks.ts';
import type { Service } from './service/contract.ts';
import { watchStation } from './service/progress.ts';
import { createStore } from './store/store.ts';
import { readBoard } from './telemetry/board.ts';
import type { InfoPayload } from './telemetry/payloads.ts';
import { alertOfThrottling } from './telemetry/throttle-alert.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { Upkeep } from './upkeep/contract.ts';
import { lastRuns, openUpkeep } from './upkeep/open.ts';
import type { VisionInfo } from './vision/contract.ts';
import { createThumbnailer } from './vision/thumbnail/thumbnail.ts';
import { graphsDir, visionOptions } from './vision/options.ts';
import { createVision } from './vision/vision.ts';

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
  /** Commands and settings from afar; without it there are none. */
  readonly remote?: RemoteSupervision;
  /** The newest lines of `log`, to be shown on the pages. */
  readonly logTail?: LogTail;
  /** Who watches over the process; without it nobody does. */
  readonly service?: Service;
}

/**
 * The composition root: builds a station from its config and runs it until the signal aborts, or it is told from afar to
 * begin again. Sinks start first, then the models and the gallery, then the source; the end is in reverse.
 * Resolves with what is to follow.
 *
 * Rejects with a MusterError when it can't start: data_dir, store, models, gallery, capture folder, or the port of the
 * embedded broker. A broker that is away is no reason: the station works and catches up.
 */
export async function runStation(
  config: Config,
  surroundings: Surroundings,
  outerSignal: AbortSignal,
): Promise<StationEnd> {
  const { clock, log, remote = null } = surroundings;
  const ending = new AbortController();
  const signal = AbortSignal.any([outerSignal, ending.signal]);
  let how: StationEnd = 'stopped';
  const startedAt = clock.now();
  const connection = createStationConnection(config, surroundings);
  const store = createStore(join(config.data_dir, 'state'));
  let upkeep: Upkeep | null = null;
  const telemetry = createTelemetry({
    config,
    store,
    connection,
    clock,
    log,
    upkeep: () => lastRuns(upkeep?.list() ?? []),
  });
  const vision = createVision({ ...visionOptions(config), graphsDir: graphsDir(config), log, clock });
  const { alerts } = telemetry;
  const topics = stationTopics(config);
  const end = (wanted: StationEnd) => {
    how = wanted;
    ending.abort();
  };
  const parts = { config, topics, connection, store, telemetry, clock, log, signal, end };
  const management = createManagement({ ...parts, supervision: remote });

  const acks = createAcks({ topic: topics.ack, outbox: telemetry.outbox, log });
  const gallerySync = await openGallerySync(config, { connection, alerts, clock, log });
  const homeAssistant = createHomeAssistant({ ...parts, random: surroundings.random });
  const features = [acks, homeAssistant, ...(gallerySync === null ? [] : [gallerySync.feature])];
  startRemote({ connection, features: [...features, ...management.features], alerts });

  /** Not on a disk that is nearly full. */
  let mayKeep = true;
  let bridge: Bridge | null = null;
  let http: HttpServer | null = null;
  let endWatch = () => {};
  let throttle: ThrottleWatch | null = null;
  await makeDataDir(config.data_dir);
  try {
    // First, as it fails again and again while the disk is full.
    await telemetry.start();
    // The worker loads its models on a core of its own, while the API is loaded here.
    const models = vision.start();
    models.catch(() => {});
    const { openHttp } = await import('./http/open.ts');
    if (config.bridge.in_station) {
      const { startBridgeInStation } = await import('./bridge/in-station.ts');
      bridge = await startBridgeInStation(config, surroundings);
    }
    const model = await models;
    if (model.pad !== null && 'problem' in model.pad)
      alerts.raise('pad-unavailable', 'warning', model.pad.problem);
    // Templates of other models are left where they are when the right ones can come from the broker.
    const otherModels = gallerySync === null ? 'refuse' : 'leave';
    const galleryStore = await openGalleryStore(config, model, { clock, log, otherModels });
    let gallery = await galleryStore.load();
    const board = await readBoard();
    const describe = () => telemetry.setInfo(infoPayload(config, model, gallery, board, startedAt));
    const takeUp = (revision: Gallery) => {
      gallery = revision;
      describe();
      return revision;
    };
    galleryStore.watch((revision) => {
      log.info({ revision: revision.revision, subjects: revision.subjects }, 'the gallery was swapped');
      takeUp(revision);
      gallerySync?.look();
    }, signal);
    gallerySync?.start(galleryStore, model.fingerprint);
    if (gallery.templates === 0 && gallerySync === null)
      log.warn('the gallery is empty: enrol people with `muster enroll <folder>`');

    const activity = createActivity(clock);
    throttle = createThrottleWatch({
      read: readThrottling,
      clock,
      onChange: (cause) =>
        alertOfThrottling(cause, { alerts, cameraFps: throttledFps(config.capture.camera) }),
    });
    throttle.start();
    const { source, camera, inbox } = createCaptures(config, {
      alerts,
      thumbnailer: (size) => createThumbnailer({ ...size, maxPixels: config.vision.max_mpx * 1e6 }),
      activity,
      isThrottled: throttle.isSlow,
      clock,
      log,
      mayKeep: () => mayKeep,
      onFailed: () => telemetry.failed(),
    });
    if (camera !== null) telemetry.setCamera(() => camera.status());
    await source.open();
    const policy = () => {
      const { decision } = remote?.settings.config() ?? config;
      return { ...decision, threshold: decision.threshold === 'auto' ? model.threshold : decision.threshold };
    };
    const recording = openRecording(config, { model, settings: remote?.settings, log });
    const reloadGallery = async (to: 'newest' | 'previous') => {
      if (to === 'previous') return takeUp(await (gallerySync ?? galleryStore).rollBack());
      await gallerySync?.reload();
      return takeUp(await galleryStore.load());
    };

    http = openHttp({
      config,
      effective: () => ({
        config: remote?.settings.config() ?? config,
        origins: remote?.settings.origins() ?? new Map(),
      }),
      telemetry,
      vision,
      model,
      gallery: () => gallery,
      galleryStore: { apply: async (change) => takeUp(await galleryStore.apply(change)) },
      gallerySynced: gallerySync !== null,
      camera,
      policy,
      logTail: surroundings.logTail ?? null,
      clock,
      log,
    });
    describe();
    await http.start();
    telemetry.setState('ready');
    log.info(
      { inbox, camera: config.capture.camera.source, topics: `${topics.root}/#`, model: model.pack },
      'ready: waiting for captures',
    );
    endWatch = watchStation(surroundings.service, { config, vision, activity });
    const working = runCheckins(
      {
        station: config,
        source,
        vision,
        gallery: () => gallery,
        policy,
        telemetry,
        ...(recording && { recording }),
        model: model.fingerprint,
        activity,
        clock,
        log,
      },
      signal,
    );
    const checks = stationChecks(config, { vision, model, store, clock });
    const onKeeping = (may: boolean) => (mayKeep = may);
    upkeep = openUpkeep({
      ...parts,
      ...surroundings,
      checks,
      gallery: () => gallery,
      reloadGallery,
      onKeeping,
    });
    await upkeep.start();
    management.serve({ source, model, checks, reloadGallery, upkeep });
    await working;
    await recording?.close();
    telemetry.setState('stopping');
    log.info('stopping');
    return how;
  } finally {
    ending.abort();
    endWatch();
    throttle?.close();
    await management.close();
    await upkeep?.close();
    await http?.close();
    await gallerySync?.close();
    await vision.close();
    await bridge?.close();
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
