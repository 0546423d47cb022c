import { join, resolve } from 'node:path';
import type { Config } from './schema.ts';

/** The folders of captures as absolute paths, with what null stands for filled in. */
export function captureFolders(config: Pick<Config, 'data_dir' | 'capture'>): {
  readonly inbox: string;
  readonly done: string;
  readonly failed: string;
} {
  const { path, done, failed } = config.capture.folder;
  const inbox = resolve(path ?? join(config.data_dir, 'inbox'));
  return {
    inbox,
    done: resolve(done ?? join(inbox, 'done')),
    failed: resolve(failed ?? join(inbox, 'failed')),
  };
}

/** Width of the narrower faces of adults, m: nine of ten are wider (bizygomatic breadth, ISO 7250-3). */
const faceWidthM = 0.125;
/** Height of the eyes of the people that a camera is farthest from, m: the tall at a low camera, the small at a high one. */
const eyeHeightsM = [1.35, 1.8] as const;
/** As the schema allows. */
const leastFacePx = 20;

/**
 * Shorter side of the smallest face to look for, px of the photo: `min_face_px`, or where the place of the camera is told, that of a
 * narrow face at the farthest place (pinhole camera).
 */
export function minFacePx({ min_face_px, door }: Config['vision']): number {
  if (door.distance_m === null) return min_face_px;
  const rises = eyeHeightsM.map((height) => Math.abs(door.camera_height_m - height));
  const farM = Math.hypot(door.distance_m, Math.max(...rises));
  const focalPx = door.photo_width_px / 2 / Math.tan((door.field_of_view_deg * Math.PI) / 360);
  return Math.max(leastFacePx, Math.floor((focalPx * faceWidthM) / farM));
}

/** The folders of bursts as absolute paths; null where none is configured. */
export function burstFolders({ capture: { bursts } }: Pick<Config, 'capture'>): {
  readonly path: string;
  readonly done: string;
  readonly failed: string;
} | null {
  if (bursts.path === null) return null;
  const path = resolve(bursts.path);
  return {
    path,
    done: resolve(bursts.done ?? join(path, 'done')),
    failed: resolve(bursts.failed ?? join(path, 'failed')),
  };
}

/** The station's client id at the broker: the same at each start, so that a broker knows it again. */
export function mqttClientId(config: Pick<Config, 'site' | 'station' | 'mqtt'>): string {
  return config.mqtt.client_id ?? `muster-${config.site}-${config.station}`;
}
