import { writeFile } from 'node:fs/promises';
import type { FoundCameras } from '../capture/camera/find.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import { round } from '../lib/round.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { withVision } from './vision-options.ts';
import { numberWithin } from './option-values.ts';
import { countOf } from '../lib/count-of.ts';

interface TestOptions {
  readonly out: string;
  readonly seconds: number;
  readonly json?: boolean;
}

export const defineCamera: DefineVerb = (verb, context) => {
  verb
    .command('list')
    .description('show the cameras of this machine, and what it takes to use them')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Cameras in the network are not looked for: give their address as capture.camera.url (docs/cameras.md).

JSON: {"v4l2": [{"device", "name", "isFirst", "allowed"}], "rpicam": [text] or null, "ffmpeg": text or null}

Example:
  muster camera list`,
    )
    .action((options: { json?: boolean }) => list(options, context));
  verb
    .command('test')
    .description('play the camera of the config, measure it, and save a picture')
    .option('--out <file>', 'the picture', 'camera.jpg')
    .option('--seconds <n>', 'how long it is played, 1 to 60', numberWithin(1, 60), 3)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Stop the station before, as most cameras serve one program only. The faces in the picture are counted with the settings of the station.

JSON: {"file", "width", "height", "fps", "frames", "first_frame_ms", "mean_kb", "faces"}

Examples:
  muster --config station.yaml camera test
  MUSTER_CAPTURE__CAMERA__SOURCE=v4l2 muster camera test --out door.jpg`,
    )
    .action((options: TestOptions) => test(options, context));
};

async function list({ json }: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  const { findCameras } = await import('../capture/camera/find.ts');
  const found = await findCameras();
  context.print(json === true ? JSON.stringify(found) : await textOf(found));
}

async function textOf({ v4l2, rpicam, ffmpeg }: FoundCameras): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const lines: string[] = [];
  if (v4l2.length === 0) lines.push('No USB camera or other video device (V4L2) was found.');
  else {
    const rows = v4l2.map(({ device, name, isFirst, allowed }) => [
      device,
      name,
      isFirst ? 'pictures' : 'no pictures, usually',
      allowed ? 'yes' : 'no: sudo usermod -aG video $USER, then log in again',
    ]);
    lines.push(table(['V4L2 device', 'name', 'gives', 'allowed'], rows));
  }
  lines.push('');
  if (rpicam === null)
    lines.push('Raspberry Pi camera: rpicam-vid is not installed (sudo apt install rpicam-apps-lite).');
  else if (rpicam.length === 0) lines.push('Raspberry Pi camera: none was found at the ribbon cable.');
  else lines.push('Raspberry Pi cameras:', ...rpicam.map((line) => `  ${line.trim()}`));
  lines.push(
    ffmpeg === null
      ? 'ffmpeg, for USB cameras and streams: not installed (sudo apt install ffmpeg).'
      : `ffmpeg, for USB cameras and streams: ${ffmpeg}`,
  );
  return lines.join('\n');
}

async function test({ out, seconds, json }: TestOptions, context: CommandContext): Promise<void> {
  const config = await context.config();
  const [{ playerOf }, { tryCamera }] = await Promise.all([
    import('../capture/camera/open.ts'),
    import('../capture/camera/try.ts'),
  ]);
  const { camera } = config.capture;
  const play = playerOf(camera);
  if (play === null) {
    throw new MusterError('camera', 'there is no camera in the config: capture.camera.source is none', {
      remedy:
        'Set it, for example MUSTER_CAPTURE__CAMERA__SOURCE=v4l2; `muster camera list` shows what is there.',
    });
  }
  const times = { forMs: seconds * 1000, patienceMs: camera.stall_s * 1000, clock: systemClock };
  const trial = await tryCamera(play, times, context.signal);
  await writeFile(out, trial.jpeg).catch((cause: unknown) => {
    throw new MusterError('camera', `${out} can't be written: ${messageOf(cause)}`, {
      remedy: 'Choose another --out.',
    });
  });
  const { max_side_px: maxSidePx, min_face_px: minFacePx } = config.vision;
  const photo = new Uint8Array(trial.jpeg);
  const result = await withVision(context, { maxSidePx, minFacePx }, (vision) =>
    vision.analyse({ photo, embed: false }),
  );
  if (!result.ok) {
    throw new MusterError(
      'camera',
      `the camera's picture can't be decoded (${result.message}); it is in ${out}`,
    );
  }
  const answer = {
    file: out,
    width: result.width,
    height: result.height,
    fps: round(trial.fps, 1),
    frames: trial.frames,
    first_frame_ms: round(trial.firstMs, 0),
    mean_kb: round(trial.meanBytes / 1000, 1),
    faces: result.faces.length,
  };
  if (json === true) {
    context.print(JSON.stringify(answer));
    return;
  }
  context.print(
    `${answer.width}×${answer.height}, ${answer.fps} frames a second of ${answer.mean_kb} kB; the first after ${answer.first_frame_ms} ms`,
  );
  context.print(`${countOf(answer.faces, 'face')} in the last one, saved as ${out}`);
}
