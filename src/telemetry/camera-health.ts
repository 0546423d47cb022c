import type { CameraStatus } from '../capture/contract.ts';
import { round } from '../lib/round.ts';
import type { CameraHealth } from './payloads.ts';

/** A camera's status as `health` and the API tell it. */
export function cameraHealth({ state, lastFrameAgeMs, fps, maxFps, ...counts }: CameraStatus): CameraHealth {
  const { frames, analysed, dropped, restarts } = counts;
  const age = lastFrameAgeMs === null ? null : round(lastFrameAgeMs / 1000, 1);
  return {
    state,
    last_frame_age_s: age,
    fps: round(fps, 1),
    max_fps: round(maxFps, 1),
    frames,
    analysed,
    dropped,
    restarts,
  };
}
