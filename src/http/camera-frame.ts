import type { CameraFrame } from '../capture/contract.ts';
import type { HttpTarget } from './contract.ts';
import { HttpProblem } from './problem.ts';

/**
 * The newest picture of the station's camera. Throws HttpProblem `no_camera`, and `camera_failing` where the newest has arrived more than
 * `maxAgeMs` ago, or none came at all.
 */
export function newestFrame({ camera }: Pick<HttpTarget, 'camera'>, maxAgeMs = Infinity): CameraFrame {
  if (camera === null) {
    throw new HttpProblem('no_camera', 'captures come from a folder: there is no camera', {
      remedy: 'Set capture.camera.source, see docs/cameras.md.',
    });
  }
  const frame = camera.latestFrame();
  const { lastFrameAgeMs, fps } = camera.status();
  // One that gives few is not late with them.
  const old = (lastFrameAgeMs ?? Infinity) > Math.max(maxAgeMs, 2000 / fps);
  if (frame !== null && !old) return frame;
  throw new HttpProblem('camera_failing', 'the camera gives no picture now', {
    remedy: 'The alert camera-failing says why.',
  });
}
