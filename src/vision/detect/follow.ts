import type { Picture } from '../area.ts';
import type { Box, DetectedFace } from '../contract.ts';
import type { Network } from '../runtime.ts';
import { boxesOf, moveCorners, squareBoxes } from './boxes.ts';
import { placeLandmarks, scoreBoxes } from './refine.ts';
import { suppress } from './suppress.ts';

/** A face that was found where one had been. */
export interface FollowedFace extends DetectedFace {
  /** Which of the given boxes it was in. */
  readonly followed: number;
  /** Whether its box is nearly the one that it was in: what O-Net saw of it is what it would see in its own box. */
  readonly stayed: boolean;
}

/** Two faces that share more than this of their union are one, seen twice. */
const sameFace = 0.4;
/** A box that shares this much of its union with the one before has hardly moved. */
const samePlace = 0.9;

/**
 * Looks for faces where they were a moment ago: O-Net, the last stage of MTCNN, sees the square around each box, says whether there is
 * a face, and moves the box to it. A face that has left its box is missing from the answer, and of two boxes that meet on one face
 * the more probable counts.
 */
export async function followFaces(
  onet: Network,
  photo: Picture,
  before: readonly Box[],
  threshold: number,
): Promise<FollowedFace[]> {
  const squares = boxesOf(before);
  squareBoxes(squares);
  const { boxes, indices, shares } = await scoreBoxes(onet, photo, squares, 48, threshold);
  const landmarks = shares.map((share, i) => placeLandmarks(share, boxes, i));
  moveCorners(boxes, 1);
  return suppress(boxes, sameFace, 'union').map((i) => {
    const box: Box = [boxes.x1[i]!, boxes.y1[i]!, boxes.x2[i]!, boxes.y2[i]!];
    const followed = indices[i]!;
    return {
      box,
      probability: boxes.score[i]!,
      landmarks: landmarks[i]!,
      followed,
      stayed: overlapOf(box, before[followed]!) >= samePlace,
    };
  });
}

/** The faces of a search that are not among those that were followed. */
export function newFaces(
  searched: readonly DetectedFace[],
  followed: readonly FollowedFace[],
): readonly DetectedFace[] {
  return searched.filter(({ box }) => followed.every((face) => overlapOf(box, face.box) <= sameFace));
}

/** Intersection over union, 0..1. */
function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const areaOf = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1);
  return (width * height) / (areaOf(a) + areaOf(b) - width * height);
}
