import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createStationConnection } from './broker/open.ts';
import { stationTopics } from './broker/topics.ts';
import { createFolderSource } from './capture/folder.ts';
import { runCheckins } from './checkins.ts';
import { captureFolders } from './config/derived.ts';
import type { Config } from './config/schema.ts';
import type { Gallery } from './gallery/contract.ts';
import { createGalleryStore } from './gallery/store.ts';
import { isoTime, type Clock } from './lib/clock.ts';
import { messageOf, MusterError } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import { packageVersion } from './lib/package.ts';
import { createStore } from './store/store.ts';
import { readBoard } from './telemetry/board.ts';
import type { InfoPayload } from './telemetry/payloads.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { VisionInfo } from './vision/contract.ts';
import { visionOptions } from './vision/options.ts';
import { createVision } from './vision/vision.ts';

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1. */
  readonly random: () => number;
}

/**
 * The composition root: builds a station from its config and runs it until the signal aborts. Sinks start first, then the
 * models and the gallery, then the source; the end is in reverse.
 *
 * Rejects with a MusterError when it can't start: data_dir, store, models, gallery, capture folder, or the port of the
 * embedded broker. A broker that is away is no reason: the station works and catches up.
 */
export async function runStation(
  config: Config,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = surroundings;
  const startedAt = clock.now();
  const connection = createStationConnection(config, surroundings);
  const store = createStore(join(config.data_dir, 'state'));
  const telemetry = createTelemetry({ config, store, connection, clock, log });
  const vision = createVision({ ...visionOptions(config), log, clock });
  const { alerts } = telemetry;

  await makeDataDir(config.data_dir);
  try {
    await telemetry.start();
    const model = await vision.start();
    const galleryStore = createGalleryStore({
      dir: join(config.data_dir, 'gallery', config.gallery.name),
      fingerprint: model.fingerprint,
      dimension: model.dimension,
      clock,
      log,
    });
    let gallery = await galleryStore.load();
    const board = await readBoard();
    const describe = () => telemetry.setInfo(infoPayload(config, model, gallery, board, startedAt));
    galleryStore.watch((revision) => {
      gallery = revision;
      log.info({ revision: revision.revision, subjects: revision.subjects }, 'the gallery was swapped');
      describe();
    }, signal);
    if (gallery.templates === 0) log.warn('the gallery is empty: enrol people with `muster enroll <folder>`');

    const folder = folderOptions(config);
    const source = createFolderSource({
      ...folder,
      clock,
      log,
      onFailed: () => telemetry.metrics.failed(),
      onTrouble: (message) =>
        message === null ? alerts.clear('inbox-unusable') : alerts.raise('inbox-unusable', 'error', message),
    });
    const threshold = config.decision.threshold === 'auto' ? model.threshold : config.decision.threshold;

    describe();
    telemetry.setState('ready');
    log.info(
      { inbox: folder.path, topics: `${stationTopics(config).root}/#`, model: model.pack },
      'ready: waiting for captures',
    );
    await runCheckins(
      {
        station: config,
        source,
        vision,
        gallery: () => gallery,
        policy: { ...config.decision, threshold },
        telemetry,
        model: model.fingerprint,
        clock,
        log,
      },
      signal,
    );
    telemetry.setState('stopping');
    log.info('stopping');
  } finally {
    await vision.close();
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

function folderOptions(config: Config) {
  const { folder } = config.capture;
  const { inbox, done, failed } = captureFolders(config);
  return {
    path: inbox,
    done,
    failed,
    after: folder.after,
    polling: folder.polling,
    pollIntervalMs: folder.poll_interval_ms,
    stableMs: folder.stable_ms,
    graceMs: folder.grace_s * 1000,
    rescanMs: folder.rescan_s * 1000,
    maxBytes: folder.max_mb * 2 ** 20,
  };
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
    pack: model.pack,
    model: model.fingerprint,
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
