import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { groupPhoto } from '../demo/sample-photos.ts';
import { createMotionGate, thumbnailHeight, thumbnailWidth } from '../src/capture/camera/motion.ts';
import { playProgram } from '../src/capture/camera/play-program.ts';
import { type CameraOptions, createCameraSource } from '../src/capture/camera/source.ts';
import { resolveConfig } from '../src/config/layers.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createLog } from '../src/lib/log.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import type { Vision } from '../src/vision/contract.ts';
import { createThumbnailer } from '../src/vision/thumbnail/thumbnail.ts';
import { visionOptions } from '../src/vision/options.ts';
import { createVision } from '../src/vision/vision.ts';
import { describeMachine } from '../src/bench/machine.ts';
import { numberWithin } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/**
 * `npm run bench:camera`: what an empty doorway costs. A program shows an empty scene with the noise of a sensor and writes it to the station
 * as a camera's program does, once with the motion gate and once with every frame analysed, in turns.
 */

const program = programOf(
  'bench:camera',
  `Measures the processor time of a station's eyes before an empty doorway: with the motion gate, and with a full search for faces in every
frame. The camera is a program of its own, whose time doesn't count, with 1280×720 px and 10 frames a second.

A turn of the gate lasts from the end of its second full search to that of its fourth, two minutes (capture.camera.motion.unchanged_look_s),
so that it has as many of them as a day has. A minute before that isn't counted: the runtime tidies up what was before.`,
)
  .option('--turns <n>', 'of each kind', numberWithin(1, 20), 1)
  .option('--seconds <n>', 'of a turn in which every frame is analysed', numberWithin(2, 600), 10)
  .option('--json', 'print one JSON document');

interface Options {
  readonly turns: number;
  readonly seconds: number;
  readonly json?: boolean;
}

const fps = 10;
const distinctFrames = 20;
const looksOfHalfAnHour = 3_600;
/** Full searches of a turn of the gate: from the end of which on it is counted, and to that of which. */
const [firstSearch, lastSearch] = [2, 4];

await runProgram(program, main);

async function main({ turns: rounds, seconds, json }: Options): Promise<void> {
  const { config } = resolveConfig([]);
  if (config === null) throw new Error('the defaults of the config are not valid');
  const { sensitivity, full_look_s, unchanged_look_s } = config.capture.camera.motion;
  const motion = {
    gate: () => createMotionGate(sensitivity),
    fullLookMs: full_look_s * 1000,
    unchangedLookMs: unchanged_look_s * 1000,
  };
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const vision = createVision({ ...visionOptions(config), log: createLog('warn'), clock: systemClock });
  const eyes: Eyes = {
    folder,
    vision,
    thumbnail: createThumbnailer({ width: thumbnailWidth, height: thumbnailHeight, maxPixels: 32e6 }),
  };
  const turns: Turn[] = [];
  try {
    const frames = await emptyScene();
    const frameKb = await writeFrames(folder, frames);
    await vision.start();
    // What the first photos cost is no part of a doorway's day, nor the compiling: of what is called twice a second it is done after half
    // an hour.
    await turn(eyes, null, 2);
    const gate = motion.gate();
    for (let n = 0; n < looksOfHalfAnHour; n += 1)
      gate.look((await eyes.thumbnail(frames[n % frames.length]!)) ?? new Uint8Array());
    const everyFrame = async () => turns.push({ kind: 'every frame', ...(await turn(eyes, null, seconds)) });
    await everyFrame();
    for (let n = 0; n < rounds; n += 1) {
      turns.push({ kind: 'gate', ...(await turn(eyes, motion)) });
      await everyFrame();
    }
    report(turns, frameKb, json === true);
  } finally {
    await vision.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(turns: readonly Turn[], frameKb: number, json: boolean): void {
  const mean = (kind: Turn['kind']) => {
    const these = turns.filter((one) => one.kind === kind);
    return these.reduce((sum, one) => sum + one.cpuMsPerFrame, 0) / these.length;
  };
  const machine = describeMachine();
  const sharePct = round((100 * mean('gate')) / mean('every frame'), 1);
  const rounded = turns.map((one) => ({ ...one, cpuMsPerFrame: round(one.cpuMsPerFrame, 2) }));
  if (json) {
    const document = { machine, frame_kb: frameKb, turns: rounded, share_pct: sharePct };
    return void process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  const rows = rounded.map((one) => [one.kind, one.frames, one.analysed, one.cpuMsPerFrame]);
  process.stdout.write(
    `${machine.cpu}, ${machine.cores} cores, node ${machine.node}; frames of ${frameKb} kB
${table(['analysed', 'frames', 'of them in full', 'processor ms a frame'], rows)}
an empty doorway costs ${sharePct} % of a full search of every frame
`,
  );
}

interface Eyes extends Pick<CameraOptions, 'thumbnail'> {
  /** Of the frames that the camera shows. */
  readonly folder: string;
  readonly vision: Vision;
}

interface Turn {
  readonly kind: 'gate' | 'every frame';
  readonly frames: number;
  readonly analysed: number;
  /** Of the whole process, all threads: reading, splitter, small pictures, vision. */
  readonly cpuMsPerFrame: number;
}

/**
 * Counts from the end of a full search on: what a program's start costs is no part of a doorway's day.
 *
 * @param motion null: every frame is analysed
 * @param seconds without motion; with it, see above
 */
async function turn(
  { folder, vision, thumbnail }: Eyes,
  motion: CameraOptions['motion'],
  seconds = 0,
): Promise<Omit<Turn, 'kind'>> {
  const camera = fileURLToPath(new URL('camera-program.js', import.meta.url));
  const source = createCameraSource({
    play: (onFrame, signal) => {
      const shown = { path: process.execPath, args: [camera, folder, `${fps}`] };
      return playProgram({ label: 'the bench', program: shown, maxBytes: 1e7 }, onFrame, signal);
    },
    fps: () => fps,
    stallMs: 10_000,
    motion,
    thumbnail,
    clock: systemClock,
    log: createLog('warn'),
    onTrouble: () => undefined,
  });
  const ending = new AbortController();
  const moments: { readonly cpuMs: number; readonly frames: number; readonly analysed: number }[] = [];
  const note = () => {
    const { user, system } = process.cpuUsage();
    moments.push({ cpuMs: (user + system) / 1000, ...source.status() });
  };
  const finish = () => {
    note();
    ending.abort();
  };
  let searches = 0;
  for await (const capture of source.captures(ending.signal)) {
    const result = await vision.analyse({ photo: capture.photo });
    if (!result.ok || result.faces.length > 0) throw new Error('the empty scene has a face, or is none');
    await capture.settle({ kind: 'decided', attention: 'motion' });
    searches += 1;
    if (motion === null) {
      if (searches > 1) continue;
      note();
      setTimeout(finish, seconds * 1000);
    } else if (searches === firstSearch) note();
    else if (searches === lastSearch) finish();
  }
  const [begin, end] = moments;
  if (begin === undefined || end === undefined) throw new Error('the camera gave no frames');
  const frames = end.frames - begin.frames;
  return {
    frames,
    analysed: end.analysed - begin.analysed,
    cpuMsPerFrame: (end.cpuMs - begin.cpuMs) / frames,
  };
}

/** Returns the mean size of a frame, kB. */
async function writeFrames(folder: string, frames: readonly Buffer[]): Promise<number> {
  for (const [n, frame] of frames.entries())
    await writeFile(join(folder, `${n}.jpg`.padStart(6, '0')), frame);
  return round(frames.reduce((sum, { length }) => sum + length, 0) / frames.length / 1000, 0);
}

/** A sample photo's part without a face, with a sensor's noise, as JPEG. */
async function emptyScene(): Promise<Buffer[]> {
  const scene = await sharp(groupPhoto(4))
    .extract({ left: 0, top: 700, width: 640, height: 360 })
    .resize(1280, 720)
    .removeAlpha()
    .raw()
    .toBuffer();
  return await Promise.all(
    Array.from({ length: distinctFrames }, (_, n) => {
      // A noise that is the same in each run.
      let state = n + 1;
      const noisy = scene.map((level) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.max(0, Math.min(255, level + (state >>> 24) / 32 - 4));
      });
      return sharp(noisy, { raw: { width: 1280, height: 720, channels: 3 } })
        .jpeg({ quality: 85 })
        .toBuffer();
    }),
  );
}
