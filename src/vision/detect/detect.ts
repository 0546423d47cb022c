import type { DetectedFace } from '../contract.ts';
import type { AreaTable } from '../area.ts';
import type { Network } from '../runtime.ts';
import { proposeBoxes } from './propose.ts';
import { outputFaces, refineBoxes } from './refine.ts';

export interface DetectorOptions {
  /** Least probability after P-Net, R-Net and O-Net, 0..1 each. */
  readonly thresholds: readonly [number, number, number];
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
}

/** Finds the faces of a photo whose shorter side is at least about `minFacePx`; boxes in px of that photo, largest first. */
export type Detect = (photo: AreaTable, minFacePx: number) => Promise<DetectedFace[]>;

/**
 * The MTCNN detector (Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks, 2016)
 * with the arithmetic of facenet-pytorch, so that its published weights and thresholds mean what they mean there.
 */
export function createDetector(
  networks: { pnet: Network; rnet: Network; onet: Network },
  { thresholds, factor }: DetectorOptions,
): Detect {
  return async (photo, minFacePx) => {
    const proposed = await proposeBoxes(networks.pnet, photo, {
      minFacePx,
      factor,
      threshold: thresholds[0],
    });
    const refined = await refineBoxes(networks.rnet, photo, proposed, thresholds[1]);
    const { boxes, landmarks } = await outputFaces(networks.onet, photo, refined, thresholds[2]);
    const faces = landmarks.map((points, i): DetectedFace => ({
      box: [boxes.x1[i]!, boxes.y1[i]!, boxes.x2[i]!, boxes.y2[i]!],
      probability: boxes.score[i]!,
      landmarks: points,
    }));
    return faces.toSorted((a, b) => areaOf(b) - areaOf(a));
  };
}

function areaOf({ box: [x1, y1, x2, y2] }: DetectedFace): number {
  return (x2 - x1) * (y2 - y1);
}
