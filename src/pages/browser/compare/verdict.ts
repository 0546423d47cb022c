/** What a threshold makes of distances, so that the slider can decide anew without asking the station. */

/** As far as the slider goes. Cosine distance goes up to 2, but unlike faces lie about 1. */
export const farthest = 1.4;

export interface Verdict {
  /** Whether any face is nearer than the threshold. */
  readonly match: boolean;
  /** The nearest face's place in the list; null where there is none. */
  readonly nearest: number | null;
  readonly distance: number | null;
  /** For each face, in their order. */
  readonly matches: readonly boolean[];
}

/** Below the threshold is a match, on it is none, as the API has it. */
export function decideAt(distances: readonly number[], threshold: number): Verdict {
  const distance = distances.length === 0 ? null : Math.min(...distances);
  return {
    match: distance !== null && distance < threshold,
    nearest: distance === null ? null : distances.indexOf(distance),
    distance,
    matches: distances.map((one) => one < threshold),
  };
}

/** Where on the scale a distance stands, 0..1. */
export function placeOf(distance: number): number {
  return Math.min(1, Math.max(0, distance / farthest));
}
