import { shareInterval, type Interval } from '../../src/evaluate/intervals.ts';
import { similarityOf } from '../../src/gallery/search.ts';
import { median } from '../../src/lib/quantile.ts';
import type { Embedding } from '../../src/vision/contract.ts';

/** The face of a photo, whose it is, and how the head is turned. */
export interface PosedFace {
  readonly subject: string;
  readonly embedding: Embedding;
  readonly yaw_deg: number;
  readonly pitch_deg: number;
}

export const axes = ['yaw_deg', 'pitch_deg'] as const;
export type Axis = (typeof axes)[number];

/** A comparison of a turned face with a frontal one of the same person. */
export interface Mated {
  /** How far the one is turned, degrees to whichever side. */
  readonly turn: number;
  readonly similarity: number;
}

/** Comparisons of faces that are turned so far with frontal ones. */
export interface TurnBin {
  /** Degrees. */
  readonly from: number;
  readonly to: number;
  /** Photos with a turn of this bin. */
  readonly photos: number;
  readonly mated: number;
  readonly fnmr: number | null;
  readonly fnmr_interval: Interval | null;
  /** Median similarity of the mated ones. */
  readonly similarity: number | null;
  readonly non_mated: number;
  readonly fmr: number | null;
}

export interface Turned {
  readonly axis: Axis;
  readonly bins: readonly TurnBin[];
  readonly mated: readonly Mated[];
}

/** A face counts as frontal up to here on both axes: what the landmarks tell is good to about ten degrees. */
export const frontalDeg = 15;
const edges = [0, 10, 20, 30, 40, 50, 90];

/**
 * Compares faces that are turned about one axis, and not about the other, with frontal ones. Each pair of photos counts once, where the
 * more turned one belongs.
 */
export function compareTurned(faces: readonly PosedFace[], axis: Axis, threshold: number): Turned {
  const other = axis === 'yaw_deg' ? 'pitch_deg' : 'yaw_deg';
  const straight = faces.filter((face) => Math.abs(face[other]) <= frontalDeg);
  const frontal = straight.filter((face) => Math.abs(face[axis]) <= frontalDeg);
  const mated: Mated[] = [];
  const nonMated = edges.map(() => ({ count: 0, matches: 0 }));
  for (const face of straight) {
    const turn = Math.abs(face[axis]);
    for (const reference of frontal) {
      if (face === reference || Math.abs(reference[axis]) > turn) continue;
      const similarity = similarityOf(face.embedding, reference.embedding);
      if (face.subject === reference.subject) mated.push({ turn, similarity });
      else {
        const bin = nonMated[binOf(turn)]!;
        bin.count++;
        if (similarity >= threshold) bin.matches++;
      }
    }
  }
  const bins = edges.slice(1).map((to, i): TurnBin => {
    const own = mated.filter(({ turn }) => binOf(turn) === i).map(({ similarity }) => similarity);
    const missed = own.filter((similarity) => similarity < threshold).length;
    const { count, matches } = nonMated[i]!;
    return {
      from: edges[i]!,
      to,
      photos: straight.filter((face) => binOf(Math.abs(face[axis])) === i).length,
      mated: own.length,
      fnmr: own.length === 0 ? null : missed / own.length,
      fnmr_interval: own.length === 0 ? null : shareInterval(missed, own.length),
      similarity: own.length === 0 ? null : median(own),
      non_mated: count,
      fmr: count === 0 ? null : matches / count,
    };
  });
  return { axis, bins, mated };
}

function binOf(turn: number): number {
  return edges.findLastIndex((edge) => turn >= edge);
}
