import type { Rectangle } from './rectangle.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import { loadAttackDetection } from '../models/load.ts';
import type { Manifest } from '../models/manifest.ts';
import type { Box, VisionInfo } from './contract.ts';
import type { Image } from './image.ts';
import { resampleNearestTwo } from './resample.ts';
import type { Network, Runtime } from './runtime.ts';

/** Side of the square crops, px. */
const side = 80;
const cropLength = 3 * side * side;

export interface AttackNet {
  readonly network: Network;
  /** Side of the crop in sides of the face's box. */
  readonly scale: number;
}

/** Not looked for; if the nets are there; the nets must be there. */
export type AttackMode = 'off' | 'report' | 'enforce';

/** For each box (px of the image) the probability that a live face is there and not a picture of one, 0..1. */
export type AttackDetector = (image: Image, boxes: readonly Box[]) => Promise<readonly number[]>;

/**
 * Presentation attack detection as Silent-Face-Anti-Spoofing does it: each net looks at the face with some of its surroundings, where
 * the edge of a paper or of a screen shows, and the nets' probabilities are averaged.
 *
 * @param bonaFide which of a net's classes is a live face
 */
export function createAttackDetector(nets: readonly AttackNet[], bonaFide: number): AttackDetector {
  return async (image, boxes) => {
    const sums = boxes.map(() => 0);
    if (boxes.length === 0) return sums;
    for (const { network, scale } of nets) {
      const crops = new Float32Array(boxes.length * cropLength);
      boxes.forEach((box, i) =>
        cutAround(image, box, scale, crops.subarray(i * cropLength, (i + 1) * cropLength)),
      );
      const { prob } = await network.run(crops, [boxes.length, 3, side, side]);
      const classes = (prob?.data.length ?? 0) / boxes.length;
      if (!prob || !Number.isInteger(classes) || classes <= bonaFide)
        throw new Error('the output of a net for attacks has another shape than it should have');
      for (const i of sums.keys()) sums[i]! += prob.data[i * classes + bonaFide]!;
    }
    return sums.map((sum) => sum / nets.length);
  };
}

/** Loads the nets that look for attacks. Where they are only to report and can't be loaded, the station works without them. */
export async function openAttackDetection(
  options: { readonly modelsDir: string; readonly manifest?: Manifest; readonly pad: AttackMode },
  runtime: Runtime,
): Promise<{ readonly detect: AttackDetector | null; readonly info: VisionInfo['pad'] }> {
  const { modelsDir, manifest, pad } = options;
  if (pad === 'off') return { detect: null, info: null };
  try {
    const { nets, bonaFide, fingerprint } = await loadAttackDetection(modelsDir, manifest);
    const loaded = await Promise.all(
      nets.map(async ({ model, scale }) => ({ network: await runtime.load(model), scale })),
    );
    return { detect: createAttackDetector(loaded, bonaFide), info: { fingerprint } };
  } catch (error) {
    if (pad === 'enforce' || !(error instanceof MusterError)) throw error;
    return { detect: null, info: { problem: `${messageOf(error)} ${error.remedy ?? ''}`.trim() } };
  }
}

/** Writes the crop around a face as the planes B, G, R `[3, 80, 80]` of 0..255. */
export function cutAround(image: Image, box: Box, scale: number, out: Float32Array): void {
  const pixels = resampleNearestTwo(image, surroundings(image, box, scale), side);
  const plane = side * side;
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++) out[channel * plane + i] = pixels[3 * i + 2 - channel]!;
  }
}

/**
 * `scale` times the box around its middle, less where the image is not that large, and moved where it would reach beyond the edge.
 * The arithmetic is that of `src/generate_patches.py` there.
 */
function surroundings({ width, height }: Image, [x1, y1, x2, y2]: Box, scale: number): Rectangle {
  const [boxWidth, boxHeight] = [x2 - x1, y2 - y1];
  const times = Math.min((height - 1) / boxHeight, (width - 1) / boxWidth, scale);
  const across = along((x1 + x2) / 2, boxWidth * times, width);
  const down = along((y1 + y2) / 2, boxHeight * times, height);
  return { left: across.first, right: across.end, top: down.first, bottom: down.end };
}

function along(
  middle: number,
  length: number,
  size: number,
): { readonly first: number; readonly end: number } {
  let first = middle - length / 2;
  let last = middle + length / 2;
  if (first < 0) [first, last] = [0, last - first];
  if (last > size - 1) [first, last] = [first - (last - size + 1), size - 1];
  const start = Math.max(0, Math.trunc(first));
  return { first: start, end: Math.max(start, Math.trunc(last)) + 1 };
}
