import { MusterError } from '../../lib/errors.ts';
import type { PlayCamera } from './contract.ts';
import { findProgram } from './program.ts';
import { playProgram } from './play-program.ts';

export interface RpicamOptions {
  /** Number of the camera; null: the first. */
  readonly device: string | null;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly maxBytes: number;
}

/** The program was renamed in Raspberry Pi OS 12. */
export const rpicamNames = ['rpicam-vid', 'libcamera-vid'] as const;

/** The Raspberry Pi's own camera. Its hardware and the program make MJPEG; nothing is encoded here. */
export function playRpicam({ device, width, height, fps, maxBytes }: RpicamOptions): PlayCamera {
  return async (onFrame, signal) => {
    const path = await findProgram(...rpicamNames);
    if (path === null) {
      throw new MusterError('camera', 'the Raspberry Pi camera: rpicam-vid is not installed', {
        remedy: 'sudo apt install rpicam-apps-lite (on Raspberry Pi OS 11: libcamera-apps-lite).',
      });
    }
    const args = ['--nopreview', '--timeout', '0', '--codec', 'mjpeg', '--quality', '85', '--flush'];
    const size = ['--width', `${width}`, '--height', `${height}`, '--framerate', `${fps}`];
    const which = device === null ? [] : ['--camera', device];
    await playProgram(
      {
        label: 'the Raspberry Pi camera',
        program: { path, args: [...args, ...size, ...which, '--output', '-'] },
        maxBytes,
      },
      onFrame,
      signal,
    );
  };
}
