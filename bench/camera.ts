import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { groupPhoto } from '../demo/sample-photos.ts';
import { createMotionGate, thumbnailHeight, thumbnailWidth } from '../src/capture/camera/motion.ts';
import { type CameraOptions, createCameraSource } from '../src/capture/camera/source.ts';
import { createJpegSplitter } from '../src/capture/camera/split.ts';
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
 * `npm run bench:camera`: what an empty doorway costs. A camera shows an empty scene with the noise of a sensor, once with the
 * motion gate and once with every frame analysed, in turns.
 */

const program = programOf(
  'bench:camera',
  `Measures the processor time of a station's eyes before an empty doorway: with the motion gate, and with a full search for faces in every
frame. The camera has 1280×720 px and 10 frames a second.`,
)
  .option('--seconds <n>', 'of each turn; there are two turns of each kind', numberWithin(2, 600), 10)
  .option('--json', 'print one JSON document');

interface Options {
  readonly seconds: number;
  readonly json?: boolean;
}

const fps = 10;
const distinctFrames = 20;

await runProgram(program, main);

async function main({ seconds, json }: Options): Promise<void> {
  const { config } = resolveConfig([]);
  if (config === null) throw new Error('the defaults of the config are not valid');
  const { sensitivity, full_look_s, unchanged_look_s } = config.capture.camera.motion;
  const motion = {
    gate: () => createMotionGate(sensitivity),
    fullLookMs: full_look_s * 1000,
    unchangedLookMs: unchanged_look_s * 1000,
  };
  const frames = await emptyScene();
  const vision = createVision({ ...visionOptions(config), log: createLog('warn'), clock: systemClock });
  await vision.start();
  const turns: Turn[] = [];
  try {
    // What the first photos cost is no part of a doorway's day, nor the compiling of what is called twice a second.
    await turn(frames, null, 2, vision);
    await turn(frames, motion, 8, vision);
    for (const kind of ['gate', 'every frame', 'gate', 'every frame'] as const) {
      turns.push({ kind, ...(await turn(frames, kind === 'gate' ? motion : null, seconds, vision)) });
    }
  } finally {
    await vision.close();
  }
  const mean = (kind: Turn['kind']) => {
    const these = turns.filter((one) => one.kind === kind);
    return these.reduce((sum, one) => sum + one.cpuMsPerFrame, 0) / these.length;
  };
  const share = mean('gate') / mean('every frame');
  const report = {
    machine: describeMachine(),
    turns: turns.map((one) => ({ ...one, cpuMsPerFrame: round(one.cpuMsPerFrame, 2) })),
    share_pct: round(100 * share, 1),
  };
  if (json) return void process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const rows = report.turns.map((one) => [one.kind, one.frames, one.analysed, one.cpuMsPerFrame]);
  process.stdout.write(
    `${report.machine.cpu}, ${report.machine.cores} cores, node ${report.machine.node}
${table(['analysed', 'frames', 'of them in full', 'processor ms a frame'], rows)}
an empty doorway costs ${report.share_pct} % of a full search of every frame
`,
  );
}

interface Turn {
  readonly kind: 'gate' | 'every frame';
  readonly frames: number;
  readonly analysed: number;
  /** Of the whole process: splitter, small pictures, vision. */
  readonly cpuMsPerFrame: number;
}

async function turn(
  frames: readonly Buffer[],
  motion: CameraOptions['motion'],
  seconds: number,
  vision: Vision,
) {
  const source = createCameraSource({
    async play(onFrame, signal) {
      const splitter = createJpegSplitter({ maxBytes: 1e7, onFrame: (jpeg) => onFrame(jpeg, null) });
      for (let n = 0; !signal.aborted; n += 1) {
        splitter.push(frames[n % frames.length]!);
        await sleep(1000 / fps, undefined, { signal }).catch(() => undefined);
      }
    },
    fps: () => fps,
    stallMs: 10_000,
    motion,
    thumbnail: createThumbnailer({ width: thumbnailWidth, height: thumbnailHeight, maxPixels: 32e6 }),
    clock: systemClock,
    log: createLog('warn'),
    onTrouble: () => undefined,
  });
  const ending = new AbortController();
  const before = process.cpuUsage();
  const timer = setTimeout(() => ending.abort(), seconds * 1000);
  for await (const capture of source.captures(ending.signal)) {
    const result = await vision.analyse({ photo: capture.photo });
    if (!result.ok || result.faces.length > 0) throw new Error('the empty scene has a face, or is none');
    await capture.settle({ kind: 'decided', attention: 'motion' });
  }
  clearTimeout(timer);
  const { user, system } = process.cpuUsage(before);
  const { frames: seen, analysed } = source.status();
  return { frames: seen, analysed, cpuMsPerFrame: (user + system) / 1000 / seen };
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
