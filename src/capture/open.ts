import { burstFolders, captureFolders } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import type { Activity } from '../lib/activity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Alerts } from '../telemetry/alerts.ts';
import { createBurstSource } from './bursts.ts';
import { openCamera, type MakeThumbnailer } from './camera/open.ts';
import type { CameraSource, CaptureSource } from './contract.ts';
import { createFolderSource } from './folder.ts';
import { mergeSources } from './merge.ts';

export interface CaptureParts {
  readonly alerts: Alerts;
  readonly thumbnailer: MakeThumbnailer;
  readonly activity: Activity;
  /** Whether the board has made itself slower at this moment. */
  readonly isThrottled: () => boolean;
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
  /** As `rescan` of the source, of the folders alone: no camera is told to look. */
  readonly rescanFolders: CaptureSource['rescan'];
}

/** Makes the sources of the config: the folder, and the folder of bursts and the camera where there are such. */
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
  const bursts = burstSource(config, parts);
  const folders = [inbox, bursts].filter((source) => source !== null);
  return {
    source: mergeSources(camera === null ? folders : [...folders, camera]),
    camera,
    inbox: folder.path,
    rescanFolders: () => mergeSources(folders).rescan(),
  };
}

function burstSource(config: Config, parts: CaptureParts): CaptureSource | null {
  const folders = burstFolders(config);
  if (folders === null) return null;
  const { bursts, folder } = config.capture;
  const { alerts } = parts;
  return createBurstSource({
    ...parts,
    ...folders,
    after: bursts.after,
    settleMs: bursts.settle_ms,
    maxBytes: folder.max_mb * 2 ** 20,
    onTrouble: (message) =>
      message === null ? alerts.clear('bursts-unusable') : alerts.raise('bursts-unusable', 'error', message),
  });
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
