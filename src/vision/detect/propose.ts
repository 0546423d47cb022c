import type { StageTimes } from '../stage-times.ts';
import type { Network, Values } from '../runtime.ts';
import type { Picture } from '../area.ts';
import { type Boxes, createBoxes, joinBoxes, moveCorners, selectBoxes, squareBoxes } from './boxes.ts';
import { byProbability, suppress } from './suppress.ts';

/** P-Net looks at windows of this side and moves them in steps of two, px of a pyramid level. */
const cell = 12;
const stride = 2;

/**
 * A level's candidates beyond this number are dropped, the least probable first, as suppression takes time in
 * the square of their number. Photos of groups have some hundreds on their densest level; only a picture made
 * to keep the station busy has more.
 */
const candidatesPerLevel = 4000;

/**
 * For the same reason no more than this many proposals of a photo go on to R-Net; photos of groups have up to
 * 600.
 */
const proposalsPerPhoto = 2000;

/** The stages of a search. `pyramid` makes what P-Net looks at. */
export const detectStages = ['pyramid', 'pnet', 'rnet', 'onet'] as const;
export type DetectTimes = StageTimes<(typeof detectStages)[number]>;

export interface ProposeOptions {
  /** Shorter side of the smallest face to find, px of the photo; at least 12. */
  readonly minFacePx: number;
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
  /** Least probability of a candidate, 0..1. */
  readonly threshold: number;
  /** Of two boxes (of any levels) that share more than this of their union, the less probable is dropped, 0..1. */
  readonly overlap: number;
}

/**
 * Pixels of a strip, and its rows at the least; below that, the rows that neighbours share are too large a
 * part of it.
 */
const stripPixels = 64 * 1024;
const leastStripRows = 32;

/** The scales of the pyramid, largest first: the first makes the smallest face as large as P-Net's window. */
export function pyramidScales(width: number, height: number, minFacePx: number, factor: number): number[] {
  const scales: number[] = [];
  let scale = cell / minFacePx;
  for (let side = Math.min(width, height) * scale; side >= cell; side *= factor) {
    scales.push(scale);
    scale *= factor;
  }
  return scales;
}

/**
 * The first stage of MTCNN (Zhang et al. 2016): P-Net, a fully convolutional network, over a pyramid of the
 * photo. Returns square boxes, the most probable first.
 */
export async function proposeBoxes(
  pnet: Network,
  photo: Picture,
  options: ProposeOptions,
  times: DetectTimes,
): Promise<Boxes> {
  const { minFacePx, factor, threshold, overlap } = options;
  const levels: Boxes[] = [];
  for (const scale of pyramidScales(photo.width, photo.height, minFacePx, factor)) {
    const candidates = await searchLevel(pnet, photo, scale, threshold, times);
    levels.push(selectBoxes(candidates, suppress(candidates, 0.5, 'union')));
  }
  const all = joinBoxes(levels);
  const proposals = selectBoxes(all, suppress(all, overlap, 'union').slice(0, proposalsPerPhoto));
  moveCorners(proposals, 0);
  squareBoxes(proposals);
  return proposals;
}

/**
 * The candidates of one level. A large level goes through the network in strips, as what a strip makes fits
 * into the caches and the memory stays the same for any photo. A window needs no row beyond its own, so that
 * the answer is that of the whole level.
 */
async function searchLevel(
  pnet: Network,
  photo: Picture,
  scale: number,
  threshold: number,
  times: DetectTimes,
): Promise<Boxes> {
  const whole = { left: 0, top: 0, right: photo.width, bottom: photo.height };
  const width = Math.floor(photo.width * scale + 1);
  const height = Math.floor(photo.height * scale + 1);
  const stripRows = Math.max(leastStripRows, Math.floor(stripPixels / width / stride) * stride);
  const strips: Boxes[] = [];
  for (let firstRow = 0; firstRow + cell <= height; firstRow += stripRows) {
    // Each strip begins with the first row of a window and ends with the last of one.
    const isLast = firstRow + stripRows + cell > height;
    const rows = isLast ? height - firstRow : stripRows + cell - stride;
    const input = photo.room(3 * width * rows);
    photo.sample(whole, { width, height, firstRow, rows });
    times.lap('pyramid');
    const { prob, reg } = await pnet.run(input, [1, 3, rows, width]);
    strips.push(readCandidates(prob!, reg!, firstRow, scale, threshold));
    times.lap('pnet');
  }
  const candidates = joinBoxes(strips);
  if (candidates.count <= candidatesPerLevel) return candidates;
  return selectBoxes(candidates, byProbability(candidates).slice(0, candidatesPerLevel));
}

/** The windows of a strip whose probability reaches the threshold, as boxes of the photo. */
function readCandidates(
  prob: Values,
  reg: Values,
  firstRow: number,
  scale: number,
  threshold: number,
): Boxes {
  const [, , rows = 0, columns = 0] = prob.dims;
  const plane = rows * columns;
  const scores = prob.data.subarray(plane);
  const found: number[] = [];
  for (let at = 0; at < plane; at++) if (scores[at]! >= threshold) found.push(at);

  const boxes = createBoxes(found.length);
  // The reference computes in single precision; rounding as it does keeps every floor on its side of a whole
  // number.
  const scale32 = Math.fround(scale);
  const toPhoto = (px: number) => Math.floor(Math.fround(px / scale32));
  found.forEach((at, i) => {
    const x = (at % columns) * stride;
    const y = Math.floor(at / columns) * stride + firstRow;
    boxes.x1[i] = toPhoto(x + 1);
    boxes.y1[i] = toPhoto(y + 1);
    boxes.x2[i] = toPhoto(x + cell);
    boxes.y2[i] = toPhoto(y + cell);
    boxes.score[i] = scores[at]!;
    for (let k = 0; k < 4; k++) boxes.offsets[i * 4 + k] = reg.data[k * plane + at]!;
  });
  return boxes;
}
