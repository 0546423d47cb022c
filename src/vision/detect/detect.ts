import type { Box, DetectedFace, Landmarks } from '../contract.ts';
import type { AreaTable } from '../area.ts';
import type { Network } from '../runtime.ts';
import { followFaces, newFaces } from './follow.ts';
import { proposeBoxes } from './propose.ts';
import { outputFaces, refineBoxes, relocateLandmarks } from './refine.ts';

export interface DetectorOptions {
  /** Least probability after P-Net, R-Net and O-Net, 0..1 each. */
  readonly thresholds: readonly [number, number, number];
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
}

/** What to look for, in px of the photo that is looked at. */
export interface Search {
  /** Faces whose shorter side is at least about this, px. */
  readonly minFacePx: number;
  /** Where faces were a moment ago. */
  readonly follow: readonly Box[];
  /** Whether to look beyond them. It is done in any case when one of them is lost. */
  readonly search: boolean;
}

export interface FoundFace extends DetectedFace {
  /** Which of the boxes in `follow` this face was in; null for one that was found by searching. */
  readonly followed: number | null;
}

export interface Detector {
  /** Finds faces; boxes in px of that photo, largest first. */
  find(photo: AreaTable, wanted: Search): Promise<FoundFace[]>;
  /** The landmarks to align each face by: those of `find`, looked for once more in the face's own box. */
  relocate(photo: AreaTable, faces: readonly DetectedFace[]): Promise<Landmarks[]>;
}

/**
 * The MTCNN detector (Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded
 * Convolutional Networks, 2016) with the arithmetic of facenet-pytorch, so that its published weights and
 * thresholds mean what they mean there.
 */
export function createDetector(
  { pnet, rnet, onet }: { pnet: Network; rnet: Network; onet: Network },
  { thresholds, factor }: DetectorOptions,
): Detector {
  async function search(photo: AreaTable, minFacePx: number): Promise<DetectedFace[]> {
    const proposed = await proposeBoxes(pnet, photo, { minFacePx, factor, threshold: thresholds[0] });
    const refined = await refineBoxes(rnet, photo, proposed, thresholds[1]);
    const { boxes, landmarks } = await outputFaces(onet, photo, refined, thresholds[2]);
    return landmarks.map((points, i) => ({
      box: [boxes.x1[i]!, boxes.y1[i]!, boxes.x2[i]!, boxes.y2[i]!],
      probability: boxes.score[i]!,
      landmarks: points,
    }));
  }

  return {
    async find(photo, wanted) {
      const followed = await followFaces(onet, photo, wanted.follow, thresholds[2]);
      const found: FoundFace[] = [...followed];
      if (wanted.search || followed.length < wanted.follow.length) {
        const all = await search(photo, wanted.minFacePx);
        found.push(...newFaces(all, followed).map((face) => ({ ...face, followed: null })));
      }
      return found.toSorted((a, b) => areaOf(b) - areaOf(a));
    },

    relocate: (photo, faces) => relocateLandmarks(onet, photo, faces, thresholds[2]),
  };
}

function areaOf({ box: [x1, y1, x2, y2] }: DetectedFace): number {
  return (x2 - x1) * (y2 - y1);
}
