import { similarityOf } from '../gallery/search.ts';
import type { Embedding } from '../vision/contract.ts';

/** One face of the sample, compared. */
export interface ComparedFace<F> {
  readonly face: F;
  /** Cosine distance: 1 − similarity, 0..2. */
  readonly distance: number;
  /** Cosine similarity to the reference, −1..1. */
  readonly similarity: number;
}

export interface Verification<F> {
  /** Whether the nearest face is that of the reference: its distance is below the threshold. */
  readonly match: boolean;
  readonly nearest: ComparedFace<F>;
  /** Every face of the sample, the nearest first. */
  readonly faces: readonly ComparedFace<F>[];
}

/**
 * Verification 1:1: compares every face of a sample with the reference; the nearest decides. A pure function.
 *
 * @param reference one template of a person or several, of which each face is compared with the nearest
 * @param faces at least one
 * @param threshold cosine distance below which faces match
 */
export function verify<F extends { readonly embedding: Embedding }>(
  reference: readonly Embedding[],
  faces: readonly [F, ...F[]],
  threshold: number,
): Verification<F> {
  const [nearest, ...others] = faces
    .map((face) => {
      const similarity = Math.max(...reference.map((template) => similarityOf(template, face.embedding)));
      return { face, distance: 1 - similarity, similarity };
    })
    .toSorted((a, b) => a.distance - b.distance) as [ComparedFace<F>, ...ComparedFace<F>[]];
  return { match: nearest.distance < threshold, nearest, faces: [nearest, ...others] };
}
