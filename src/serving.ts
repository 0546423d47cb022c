import type { Bridge } from './bridge/contract.ts';
import type { Connection } from './broker/contract.ts';
import { stationTopics } from './broker/topics.ts';
import type { CameraSource, CaptureSource } from './capture/contract.ts';
import type { Config } from './config/schema.ts';
import type { Policy } from './decide/policy.ts';
import type { Gallery, GalleryStore } from './gallery/contract.ts';
import type { GallerySync } from './gallery/sync/contract.ts';
import type { HttpServer } from './http/contract.ts';
import type { Activity } from './lib/activity.ts';
import { inTime } from './lib/in-time.ts';
import { createAcks } from './remote/acks.ts';
import { createManagement, type RemoteSupervision, type StationEnd } from './remote/features.ts';
import { createHomeAssistant } from './remote/home-assistant/feature.ts';
import { startRemote } from './remote/remote.ts';
import { stationChecks } from './selftest/checks.ts';
import { watchStation } from './service/progress.ts';
import type { Surroundings } from './station.ts';
import type { Store } from './store/contract.ts';
import type { HealthPayload } from './telemetry/payloads.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { lastRuns, openUpkeep } from './upkeep/open.ts';
import type { Vision, VisionInfo } from './vision/contract.ts';

/** A broker that is silent is away, ms: a station is ready without it. */
const brokerMs = 5_000;

export interface ServingParts extends Omit<Surroundings, 'remote'> {
  readonly config: Config;
  readonly remote: RemoteSupervision | null;
  /** Not started yet. */
  readonly connection: Connection;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly vision: Vision;
  readonly model: VisionInfo;
  /** The gallery of this moment. */
  readonly gallery: () => Gallery;
  readonly galleryStore: GalleryStore;
  /** Null where nothing is synced. */
  readonly gallerySync: GallerySync | null;
  /** Makes a revision the one in use. */
  readonly takeUp: (revision: Gallery) => Gallery;
  readonly source: CaptureSource;
  readonly camera: CameraSource | null;
  /** The policy of this moment. */
  readonly policy: () => Policy;
  readonly activity: Activity;
  /** Whether decided photos may be kept, with each look at the disk. */
  readonly onKeeping: (mayKeep: boolean) => void;
  readonly end: (how: StationEnd) => void;
  readonly signal: AbortSignal;
}

/** What a station does for others than whoever is at its door. */
export interface Serving {
  /**
   * Connects to the broker, with everything that listens there, and serves the API. Resolves when the broker has answered, or is away.
   * Rejects where the station's own broker or the bridge in the station can't start.
   */
  start(): Promise<void>;
  /** The station is ready: begins its upkeep, takes commands and settings from afar, and feeds the watchdog. */
  begin(): Promise<void>;
  /** When the jobs of the upkeep ran last, for `health`. */
  lastRuns(): NonNullable<HealthPayload['upkeep']>;
  /** In reverse; also where it was started in part, or not at all. */
  close(): Promise<void>;
}

/**
 * The second half of the composition root: all that a decision does not need. It is loaded when the loop runs, since its libraries take
 * longer to load than a photo to decide.
 */
export function createServing(parts: ServingParts): Serving {
  const {
    config,
    remote,
    connection,
    store,
    telemetry,
    vision,
    model,
    clock,
    gallery,
    galleryStore,
    gallerySync,
    takeUp,
  } = parts;
  const topics = stationTopics(config);
  const management = createManagement({ ...parts, topics, supervision: remote });
  const acks = createAcks({ topic: topics.ack, outbox: telemetry.outbox, log: parts.log });
  const homeAssistant = createHomeAssistant({ ...parts, topics });
  const features = [acks, homeAssistant, ...(gallerySync === null ? [] : [gallerySync.feature])];
  const reloadGallery = async (to: 'newest' | 'previous') => {
    if (to === 'previous') return takeUp(await (gallerySync ?? galleryStore).rollBack());
    await gallerySync?.reload();
    return takeUp(await galleryStore.load());
  };
  const checks = stationChecks(config, { vision, model, store, clock });
  const upkeep = openUpkeep({ ...parts, checks, gallery, reloadGallery });
  let bridge: Bridge | null = null;
  let http: HttpServer | null = null;
  let endWatch = () => {};

  return {
    async start() {
      startRemote({ connection, features: [...features, ...management.features], alerts: telemetry.alerts });
      const answered = new Promise<void>((resolve) => {
        connection.onSession(() => resolve());
        connection.onTrouble(() => resolve());
      });
      await telemetry.connect();
      gallerySync?.start(galleryStore, model.fingerprint);
      if (config.bridge.in_station) {
        const { startBridgeInStation } = await import('./bridge/in-station.ts');
        bridge = await startBridgeInStation(config, parts);
      }
      // Loaded while the broker is asked.
      const { openHttp } = await import('./http/open.ts');
      http = openHttp({
        ...parts,
        effective: () => ({
          config: remote?.settings.config() ?? config,
          origins: remote?.settings.origins() ?? new Map(),
        }),
        galleryStore: { apply: async (change) => takeUp(await galleryStore.apply(change)) },
        gallerySynced: gallerySync !== null,
        logTail: parts.logTail ?? null,
      });
      await http.start();
      await inTime(answered, brokerMs, parts.signal);
    },
    async begin() {
      endWatch = watchStation(parts.service, { config, vision, activity: parts.activity });
      await upkeep.start();
      management.serve({ ...parts, checks, reloadGallery, upkeep });
    },
    lastRuns: () => lastRuns(upkeep.list()),
    async close() {
      endWatch();
      await management.close();
      await upkeep.close();
      await http?.close();
      await bridge?.close();
    },
  };
}
