import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Log } from '../lib/log.ts';
import type { VisionInfo } from '../vision/contract.ts';
import type { Recording } from './contract.ts';
import { createRecording } from './recording.ts';

export interface RecordingParts {
  readonly model: VisionInfo;
  /** Settings from afar; without them those of the config hold. */
  readonly settings: { config(): Config } | undefined;
  readonly log: Log;
}

/** The recording of the config; null where none is wanted. */
export function openRecording(config: Config, { model, settings, log }: RecordingParts): Recording | null {
  const { enabled, path, max_mb: maxMb } = config.capture.record;
  if (!enabled) return null;
  return createRecording({
    folder: path ?? join(config.data_dir, 'recorded'),
    maxBytes: maxMb * 2 ** 20,
    model,
    cooldownS: () => (settings?.config() ?? config).decision.cooldown_s,
    log,
  });
}
