import type { Network, Values } from '../runtime.ts';
import { type AreaTable, sampleArea } from '../area.ts';
import { type Boxes, createBoxes, joinBoxes, moveCorners, selectBoxes, squareBoxes } from './boxes.ts';
import { suppress } from './suppress.ts';

/** P-Net looks at windows of this side and moves them in steps of two, px of a pyramid level. */
const cell = 12;
const stride = 2;

/**
 * A level's candidates beyond this number are dropped, the least probable first, as suppression takes time in the square of
 * their number. A crowd of a hundred faces makes about a thousand on its densest level; only a picture made to
 * keep the station busy makes more.
 */
const candidatesPerLevel = 4000;

/** For the same reason no more than this many proposals of a photo go on to R-Net, the most probable first. */
const proposalsPerPhoto = 2000;

export interface ProposeOptions {
  /** Shorter side of the smallest face to find, px of the photo; at least 12. */
  readonly minFacePx: number;
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
  /** Least probability of a candidate, 0..1. */
  readonly threshold: number;
}

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
 * The first stage of MTCNN (Zhang et al. 2016): P-Net, a fully convolutional network, over a pyramid of the photo. Returns
 * square boxes, the most probable first.
 */
export async function proposeBoxes(pnet: Network, table: AreaTable, options: ProposeOptions): Promise<Boxes> {
  const { width, height } = table;
  const levels: Boxes[] = [];
  for (const scale of pyramidScales(width, height, options.minFacePx, options.factor)) {
    const levelWidth = Math.floor(width * scale + 1);
    const levelHeight = Math.floor(height * scale + 1);
    const input = new Float32Array(3 * levelWidth * levelHeight);
    sampleArea(table, { left: 0, top: 0, right: width, bottom: height }, levelWidth, levelHeight, input);
    const { prob, reg } = await pnet.run(input, [1, 3, levelHeight, levelWidth]);
    const candidates = readCandidates(prob!, reg!, scale, options.threshold);
    levels.push(selectBoxes(candidates, suppress(candidates, 0.5, 'union')));
  }
  const all = joinBoxes(levels);
  const proposals = selectBoxes(all, suppress(all, 0.7, 'union').slice(0, proposalsPerPhoto));
  moveCorners(proposals, 0);
  squareBoxes(proposals);
  return proposals;
}

/** The windows of one level whose probability reaches the threshold, as boxes of the photo. */
function readCandidates(prob: Values, reg: Values, scale: number, threshold: number): Boxes {
  const [, , rows = 0, columns = 0] = prob.dims;
  const plane = rows * columns;
  const scores = prob.data.subarray(plane);
  const cells = mostProbable(scores, threshold);
  const boxes = createBoxes(cells.length);
  // The reference computes in single precision; rounding as it does keeps every floor on its side of a whole number.
  const scale32 = Math.fround(scale);
  for (let i = 0; i < cells.length; i++) {
    const at = cells[i]!;
    const x = (at % columns) * stride;
    const y = Math.floor(at / columns) * stride;
    boxes.x1[i] = Math.floor(Math.fround((x + 1) / scale32));
    boxes.y1[i] = Math.floor(Math.fround((y + 1) / scale32));
    boxes.x2[i] = Math.floor(Math.fround((x + cell) / scale32));
    boxes.y2[i] = Math.floor(Math.fround((y + cell) / scale32));
    boxes.score[i] = scores[at]!;
    for (let k = 0; k < 4; k++) boxes.offsets[i * 4 + k] = reg.data[k * plane + at]!;
  }
  return boxes;
}

/** Indices of the scores that reach the threshold; the highest `candidatesPerLevel` where there are more. */
function mostProbable(scores: Float32Array, threshold: number): number[] {
  const found: number[] = [];
  for (let at = 0; at < scores.length; at++) if (scores[at]! >= threshold) found.push(at);
  if (found.length <= candidatesPerLevel) return found;
  return found.toSorted((a, b) => scores[b]! - scores[a]!).slice(0, candidatesPerLevel);
}
