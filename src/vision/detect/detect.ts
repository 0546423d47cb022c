import type { Picture } from '../area.ts';
import type { Box, DetectedFace, Landmarks } from '../contract.ts';
import type { Network } from '../runtime.ts';
import { measureStages } from '../stage-times.ts';
import { followFaces, newFaces } from './follow.ts';
import { detectStages, type DetectTimes, proposeBoxes } from './propose.ts';
import { outputFaces, refineBoxes, relocateLandmarks } from './refine.ts';

/** `exact` gives the faces of facenet-pytorch; `fast` finds the same ones but for a few px, with a fraction of the work. */
export type DetectMode = 'exact' | 'fast';

export interface DetectorOptions {
  readonly mode: DetectMode;
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
  /** Whether O-Net saw it in a box that is nearly its own. */
  readonly stayed: boolean;
}

export interface Found {
  /** Largest first; boxes in px of the photo that was looked at. */
  readonly faces: readonly FoundFace[];
  /** Where the time went, ms; what was followed counts as O-Net's. */
  readonly ms: DetectTimes['ms'];
}

export interface Detector {
  find(photo: Picture, wanted: Search): Promise<Found>;
  /** The landmarks to align each face by: those of `find`, looked for once more in the face's own box unless that is where it was seen. */
  relocate(photo: Picture, faces: readonly FoundFace[]): Promise<Landmarks[]>;
}

/**
 * Of two boxes that share more than this of their union, the less probable goes no further: after P-Net, and after R-Net. The reference
 * sends each face through O-Net about eight times.
 */
const overlaps: Readonly<Record<DetectMode, readonly [number, number]>> = {
  exact: [0.7, 0.7],
  fast: [0.6, 0.4],
};
/** In fast mode P-Net must be this sure, as most of what it proposes with less is no face. */
const fastThreshold = 0.75;
/** In fast mode the steps of the pyramid are at most this. A face is found over a range of sizes much wider than a step. */
const fastFactor = 0.6;

/**
 * The MTCNN detector (Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded
 * Convolutional Networks, 2016) with the arithmetic of facenet-pytorch, so that its published weights and
 * thresholds mean what they mean there.
 */
export function createDetector(
  { pnet, rnet, onet }: { pnet: Network; rnet: Network; onet: Network },
  { mode, thresholds, factor }: DetectorOptions,
): Detector {
  const [afterPnet, afterRnet] = overlaps[mode];
  const isFast = mode === 'fast';
  const propose = {
    factor: isFast ? Math.min(factor, fastFactor) : factor,
    threshold: isFast ? Math.max(thresholds[0], fastThreshold) : thresholds[0],
    overlap: afterPnet,
  };
  const refine = { threshold: thresholds[1], overlap: afterRnet };

  async function search(photo: Picture, minFacePx: number, times: DetectTimes): Promise<DetectedFace[]> {
    const proposed = await proposeBoxes(pnet, photo, { ...propose, minFacePx }, times);
    const refined = await refineBoxes(rnet, photo, proposed, refine);
    times.lap('rnet');
    const { boxes, landmarks } = await outputFaces(onet, photo, refined, thresholds[2]);
    times.lap('onet');
    return landmarks.map((points, i) => ({
      box: [boxes.x1[i]!, boxes.y1[i]!, boxes.x2[i]!, boxes.y2[i]!],
      probability: boxes.score[i]!,
      landmarks: points,
    }));
  }

  return {
    async find(photo, wanted) {
      const times = measureStages(detectStages);
      const followed = await followFaces(onet, photo, wanted.follow, thresholds[2]);
      times.lap('onet');
      const found: FoundFace[] = [...followed];
      if (wanted.search || followed.length < wanted.follow.length) {
        const all = await search(photo, wanted.minFacePx, times);
        found.push(...newFaces(all, followed).map((face) => ({ ...face, followed: null, stayed: false })));
      }
      return { faces: found.toSorted((a, b) => areaOf(b) - areaOf(a)), ms: times.ms };
    },

    async relocate(photo, faces) {
      const others = faces.filter(({ stayed }) => !stayed);
      const landmarks = (await relocateLandmarks(onet, photo, others, thresholds[2])).values();
      return faces.map((face) => (face.stayed ? face.landmarks : landmarks.next().value!));
    },
  };
}

function areaOf({ box: [x1, y1, x2, y2] }: DetectedFace): number {
  return (x2 - x1) * (y2 - y1);
}
