import type { CameraSource } from '../capture/contract.ts';
import type { Config } from '../config/schema.ts';
import type { Origin } from '../config/layers.ts';
import type { Policy } from '../decide/policy.ts';
import type { Gallery, GalleryStore } from '../gallery/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { LogTail } from '../lib/log-tail.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Vision, VisionInfo } from '../vision/contract.ts';
import { listConfig } from './config-fields.ts';
import type { HttpServer } from './contract.ts';
import { createHttp } from './http.ts';

export interface StationParts {
  readonly config: Config;
  /** What is in force at this moment, settings from afar included. */
  readonly effective: () => { readonly config: Config; readonly origins: ReadonlyMap<string, Origin> };
  readonly telemetry: Telemetry;
  readonly vision: Vision;
  readonly model: VisionInfo;
  readonly gallery: () => Gallery;
  readonly galleryStore: Pick<GalleryStore, 'apply'>;
  readonly gallerySynced: boolean;
  readonly camera: CameraSource | null;
  readonly policy: () => Policy;
  readonly logTail: LogTail | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** The server of a running station, made of its parts. It does nothing until it is started. */
export function openHttp(parts: StationParts): HttpServer {
  const { config, telemetry, log } = parts;
  const { alerts, feed, metrics } = telemetry;
  return createHttp({
    config: config.http,
    alerts,
    log,
    station: {
      ...parts,
      feed,
      alerts: () => alerts.active(),
      metrics: () => metrics.snapshot(),
      log: parts.logTail,
      config: () => {
        const { config: now, origins } = parts.effective();
        return listConfig(now, origins);
      },
      galleryName: config.gallery.name,
      galleryAudit: config.gallery.audit,
      tellVerification: (verification) => telemetry.tellVerification(verification),
      preview: config.http.preview,
    },
  });
}
