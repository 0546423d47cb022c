import type { DetectedFace, Landmarks } from '../contract.ts';
import type { AreaTable } from '../area.ts';
import type { Network } from '../runtime.ts';
import { proposeBoxes } from './propose.ts';
import { outputFaces, refineBoxes, relocateLandmarks } from './refine.ts';

export interface DetectorOptions {
  /** Least probability after P-Net, R-Net and O-Net, 0..1 each. */
  readonly thresholds: readonly [number, number, number];
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
}

export interface Detector {
  /**
   * Finds the faces whose shorter side is at least about `minFacePx`; boxes in px of that photo, largest
   * first.
   */
  detect(photo: AreaTable, minFacePx: number): Promise<DetectedFace[]>;
  /** The landmarks to align each face by: those of `detect`, looked for once more in the face's own box. */
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
  return {
    async detect(photo, minFacePx) {
      const proposed = await proposeBoxes(pnet, photo, { minFacePx, factor, threshold: thresholds[0] });
      const refined = await refineBoxes(rnet, photo, proposed, thresholds[1]);
      const { boxes, landmarks } = await outputFaces(onet, photo, refined, thresholds[2]);
      const faces = landmarks.map((points, i): DetectedFace => ({
        box: [boxes.x1[i]!, boxes.y1[i]!, boxes.x2[i]!, boxes.y2[i]!],
        probability: boxes.score[i]!,
        landmarks: points,
      }));
      return faces.toSorted((a, b) => areaOf(b) - areaOf(a));
    },

    relocate: (photo, faces) => relocateLandmarks(onet, photo, faces, thresholds[2]),
  };
}

function areaOf({ box: [x1, y1, x2, y2] }: DetectedFace): number {
  return (x2 - x1) * (y2 - y1);
}
