import { z } from 'zod';
import { choice, decimal, flag, optionalText, secret, section, whole } from '../kinds.ts';

export const cameraKinds = ['none', 'rpicam', 'v4l2', 'ffmpeg', 'http-snapshot', 'http-mjpeg'] as const;

const cameraUrl = z
  .string()
  .max(2048)
  .regex(/^(?:(?:https?|rtsps?):\/\/[^\s/]+|file:\/\/\/)\S*$/)
  .refine((url) => URL.canParse(url))
  .nullable()
  .default(null)
  .describe(
    'Where the pictures are, for ffmpeg, http-snapshot and http-mjpeg. Never shown, as it may hold a password.',
  )
  .meta({
    allowed:
      'a URL that starts with rtsp://, rtsps://, http://, https:// or file:///, such as rtsp://user:password@camera.example/stream1, or null',
  });

export const camera = section(
  'A camera, beside the folder. Its frames vote, see decision.vote.',
  {
    source: choice(
      cameraKinds,
      'none',
      'What gives the frames: rpicam (Raspberry Pi camera), v4l2 (USB), ffmpeg (RTSP, a stream or a file), http-snapshot or http-mjpeg.',
    ),
    device: optionalText(
      'The camera, where there are several: a node such as /dev/video2 for v4l2, a number for rpicam. Null means the first.',
    ),
    url: secret(cameraUrl),
    url_file: optionalText('File that holds the URL, read each time the camera is started.'),
    width: whole(160, 7680, 1280, 'Width of the frames that rpicam and v4l2 are asked for, pixels.'),
    height: whole(120, 4320, 720, 'Height of the frames that rpicam and v4l2 are asked for, pixels.'),
    fps: decimal(0.1, 60, 10, 'Frames a second that are asked for and looked at, at the most.'),
    throttled_share: decimal(
      0.05,
      1,
      0.5,
      'Share of fps that is looked at while the board throttles (too hot, or short of power), until two minutes after; 1: as ever.',
    ),
    format: choice(
      ['mjpeg', 'raw'],
      'mjpeg',
      'What a v4l2 camera gives: mjpeg, which costs nothing, or raw for one that has no MJPEG; ffmpeg then makes it.',
    ),
    max_frame_mb: decimal(0.1, 100, 8, 'Size of a frame at the most, MiB; larger ones are dropped.'),
    stall_s: decimal(1, 600, 10, 'Seconds without a frame after which the camera is started again.'),
    motion: section('An empty doorway costs next to nothing: only what moves is analysed.', {
      gate: flag(
        true,
        'Look at small grey pictures first, and analyse a frame only when something in them has moved.',
      ),
      sensitivity: choice(
        ['low', 'medium', 'high'],
        'medium',
        'How small a change counts: low for a restless scene such as trees, high for people far away or in dim light.',
      ),
      full_look_s: decimal(
        0.5,
        3600,
        5,
        'Seconds after which a frame is analysed although nothing has moved, where something is other than in the one analysed before: who comes very slowly is not missed.',
      ),
      unchanged_look_s: decimal(
        0.5,
        3600,
        60,
        'The same where nothing is other than in the frame analysed before; at least full_look_s.',
      ),
    }),
  },
  (value, conflict) => {
    const { source, url } = value;
    const takesUrl = source === 'ffmpeg' || source === 'http-snapshot' || source === 'http-mjpeg';
    if (value.url !== null && value.url_file !== null) {
      conflict('url_file', 'is set beside capture.camera.url; keep one of the two');
    }
    if (takesUrl && value.url === null && value.url_file === null) {
      conflict('url', `is not set, and capture.camera.source: ${source} needs it (or url_file)`);
    }
    if (source.startsWith('http-') && url !== null && !/^https?:/.test(url)) {
      conflict(
        'url',
        `does not start with http:// or https://, which capture.camera.source: ${source} needs`,
      );
    }
  },
);
