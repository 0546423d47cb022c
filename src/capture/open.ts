import { captureFolders } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Alerts } from '../telemetry/alerts.ts';
import { openCamera, type MakeThumbnailer } from './camera/open.ts';
import type { CameraSource, CaptureSource } from './contract.ts';
import { createFolderSource } from './folder.ts';
import { mergeSources } from './merge.ts';

export interface CaptureParts {
  readonly alerts: Alerts;
  readonly thumbnailer: MakeThumbnailer;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether decided photos may be kept, see FolderOptions. */
  readonly mayKeep: () => boolean;
  /** A file was set aside. */
  readonly onFailed: () => void;
}

export interface Captures {
  /** All of them as one. */
  readonly source: CaptureSource;
  /** Null where none is configured. */
  readonly camera: CameraSource | null;
  /** The folder that is watched. */
  readonly inbox: string;
}

/** Makes the sources of the config: the folder, and the camera where there is one. */
export function createCaptures(config: Config, parts: CaptureParts): Captures {
  const { alerts } = parts;
  const folder = folderOptions(config);
  const inbox = createFolderSource({
    ...folder,
    ...parts,
    onTrouble: (message) =>
      message === null ? alerts.clear('inbox-unusable') : alerts.raise('inbox-unusable', 'error', message),
  });
  const camera = openCamera(config.capture.camera, {
    ...parts,
    onTrouble: (message) =>
      message === null ? alerts.clear('camera-failing') : alerts.raise('camera-failing', 'error', message),
  });
  const source = camera === null ? inbox : mergeSources([inbox, camera]);
  return { source, camera, inbox: folder.path };
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
