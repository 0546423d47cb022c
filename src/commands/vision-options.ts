import { Option } from 'commander';
import { faceChoices, type FaceChoice } from '../evaluate/face.ts';
import { systemClock } from '../lib/clock.ts';
import type { Vision, VisionInfo } from '../vision/contract.ts';
import type { VisionOptions } from '../vision/vision.ts';
import type { CommandContext } from './context.ts';
import { wholeNumber } from './option-values.ts';

/** A person waits for these photos, of any size and with faces of any size: they get more time than a station's, ms. */
const patienceMs = 120_000;

/** A photo of 42 megapixels in full would take more than a gigabyte. */
export const commandSidePx = 4096;

/**
 * Runs `work` with the vision of the config, in which the overrides take precedence, and ends it again.
 *
 * Commands look at photos in full resolution, up to `commandSidePx`, unless they override `maxSidePx`: the shrinking to less is for
 * the speed of a station.
 */
export async function withVision<T>(
  context: CommandContext,
  overrides: Partial<Pick<VisionOptions, 'minFacePx' | 'maxSidePx' | 'detectMode'>>,
  work: (vision: Vision, info: VisionInfo) => Promise<T>,
): Promise<T> {
  const config = await context.config();
  const [log, { createVision }, { visionOptions }] = await Promise.all([
    context.log(),
    import('../vision/vision.ts'),
    import('../vision/options.ts'),
  ]);
  const configured = visionOptions(config);
  const vision = createVision({
    ...configured,
    timeoutMs: Math.max(configured.timeoutMs, patienceMs),
    maxSidePx: commandSidePx,
    // A command compares photos and decides about nobody.
    pad: 'off',
    ...overrides,
    log,
    clock: systemClock,
  });
  try {
    return await work(vision, await vision.start());
  } finally {
    await vision.close();
  }
}

/** `--min-face`, in pixels of the photo. The words say what it is unless it is given. */
export function minFaceOption(otherwise: string): Option {
  return new Option(
    '--min-face <px>',
    `smallest face to look for, pixels of the photo; ${otherwise}`,
  ).argParser(wholeNumber(12, 10_000));
}

/** `--face`: which face of a photo with several counts. */
export function faceOption(otherwise: FaceChoice): Option {
  return new Option(
    '--face <which>',
    'which face of a photo counts: the one nearest its middle, or the largest',
  )
    .choices(faceChoices)
    .default(otherwise);
}

/** A word about a photo to the person who asked, on standard error. */
export function remark(text: string): void {
  process.stderr.write(`muster: ${text}\n`);
}
