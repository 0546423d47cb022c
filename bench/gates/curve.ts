import type { Gate } from '../../src/decide/contract.ts';

/** What became of one probe: a photo in a way and step, compared with another photo of the same person. */
export interface Probed {
  /** Null where no face was found. */
  readonly face: {
    readonly measure: number | null;
    /** The first gate that it fails. */
    readonly gate: Gate | null;
    readonly matches: boolean;
  } | null;
}

/** One point of a curve; rates are shares of all probes, 0..1. */
export interface Step {
  readonly probes: number;
  readonly measure: number | null;
  /** No face was found at all. */
  readonly noFace: number;
  readonly stoppedByIts: number;
  readonly stoppedByAny: number;
  /** Stopped, although the person would have been recognised: what the gates cost. */
  readonly stoppedInVain: number;
  /** FNMR of the faces that were found, were there no gates. */
  readonly fnmrWithout: number | null;
  /** FNMR of those that pass the gates. */
  readonly fnmrWith: number | null;
}

/** A way of getting worse, step by step; the first step is the photo as it is (`at` null). */
export interface Curve {
  readonly way: string;
  readonly gate: Gate;
  readonly unit: string;
  readonly steps: readonly ({ readonly at: number | null } & Step)[];
}

/** Sums up the probes of a step, for which `gate` is there. */
export function stepOf(probed: readonly Probed[], gate: Gate): Step {
  const faces = probed.flatMap(({ face }) => face ?? []);
  const passed = faces.filter((face) => face.gate === null);
  const stopped = faces.filter((face) => face.gate !== null);
  const measures = faces.flatMap(({ measure }) => measure ?? []).toSorted((a, b) => a - b);
  const share = (count: number) => count / probed.length;
  const fnmr = (some: typeof faces) =>
    some.length === 0 ? null : some.filter(({ matches }) => !matches).length / some.length;
  return {
    probes: probed.length,
    measure: measures[Math.floor(measures.length / 2)] ?? null,
    noFace: share(probed.length - faces.length),
    stoppedByIts: share(stopped.filter((face) => face.gate === gate).length),
    stoppedByAny: share(stopped.length),
    stoppedInVain: share(stopped.filter(({ matches }) => matches).length),
    fnmrWithout: fnmr(faces),
    fnmrWith: fnmr(passed),
  };
}
