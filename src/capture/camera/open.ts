import type { Config } from '../../config/schema.ts';
import { readSecret } from '../../config/secret.ts';
import type { Activity } from '../../lib/activity.ts';
import type { Clock } from '../../lib/clock.ts';
import { MusterError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { CameraSource } from '../contract.ts';
import type { PlayCamera } from './contract.ts';
import { playFfmpeg, playV4l2 } from './ffmpeg.ts';
import { playHttpMjpeg, playSnapshots } from './http.ts';
import { createMotionGate, thumbnailHeight, thumbnailWidth } from './motion.ts';
import { playRpicam } from './rpicam.ts';
import { createCameraSource, type CameraOptions } from './source.ts';

type CameraConfig = Config['capture']['camera'];

/** Makes what turns a JPEG into a small grey picture. Passed in, so that this room needs no image library. */
export type MakeThumbnailer = (size: {
  readonly width: number;
  readonly height: number;
}) => CameraOptions['thumbnail'];

export interface CameraParts {
  readonly thumbnailer: MakeThumbnailer;
  /** Where the making of a small picture is noted: one that never ends would blind the station. */
  readonly activity: Activity;
  /** Whether the board has made itself slower at this moment. */
  readonly isThrottled: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly onTrouble: (message: string | null) => void;
}

/** The camera of the config; null where there is none. */
export function openCamera(config: CameraConfig, parts: CameraParts): CameraSource | null {
  const play = playerOf(config);
  if (play === null) return null;
  const { gate, sensitivity, full_look_s: fullLookS, unchanged_look_s: unchangedLookS } = config.motion;
  const motion = {
    gate: () => createMotionGate(sensitivity),
    fullLookMs: fullLookS * 1000,
    unchangedLookMs: Math.max(fullLookS, unchangedLookS) * 1000,
  };
  const thumbnail = parts.thumbnailer({ width: thumbnailWidth, height: thumbnailHeight });
  return createCameraSource({
    ...parts,
    play,
    fps: () => config.fps * (parts.isThrottled() ? config.throttled_share : 1),
    stallMs: stallMs(config),
    motion: gate ? motion : null,
    thumbnail: (jpeg) => parts.activity.during(thumbnail(jpeg)),
  });
}

/** Frames a second that are looked at while the board throttles; null without a camera. */
export function throttledFps({ source, fps, throttled_share: share }: CameraConfig): number | null {
  return source === 'none' ? null : fps * share;
}

/** How the camera of the config is played; null where there is none. */
export function playerOf(config: CameraConfig): PlayCamera | null {
  const maxBytes = config.max_frame_mb * 2 ** 20;
  const shape = { ...config, maxBytes };
  const stream = { url: () => urlOf(config), fps: config.fps, maxBytes, timeoutMs: stallMs(config) };
  const players: Readonly<Record<CameraConfig['source'], () => PlayCamera | null>> = {
    none: () => null,
    rpicam: () => playRpicam(shape),
    v4l2: () => playV4l2(shape),
    ffmpeg: () => playFfmpeg(stream),
    'http-snapshot': () => playSnapshots(stream),
    'http-mjpeg': () => playHttpMjpeg(stream),
  };
  return players[config.source]();
}

/** A camera of few frames is given the time of three. */
function stallMs({ stall_s: stallS, fps }: CameraConfig): number {
  return Math.max(stallS, 3 / fps) * 1000;
}

/** The URL may lie in a file, which has been checked by nobody. */
async function urlOf(config: CameraConfig): Promise<string> {
  const url = await readSecret(config, 'url');
  const protocols = config.source === 'ffmpeg' ? /^(https?|rtsps?|file):/ : /^https?:/;
  if (url !== null && URL.canParse(url) && protocols.test(url)) return url;
  throw new MusterError('camera', `capture.camera.url_file holds no URL for ${config.source}`, {
    remedy: 'Write one line into it, such as rtsp://user:password@192.168.1.20/stream1.',
  });
}
