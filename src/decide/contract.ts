import type { Match, SubjectId } from '../gallery/contract.ts';
import type { EmbeddedFace } from '../vision/contract.ts';

/** A face with the subjects of the gallery that are most similar to it, the most similar first (at most two). */
export interface MatchedFace extends Omit<EmbeddedFace, 'embedding'> {
  readonly matches: readonly Match[];
}

export const reasons = [
  'no_face',
  'low_quality',
  'unknown',
  'ambiguous',
  'spoof_suspected',
  'cooldown',
  'gallery_empty',
] as const;
export type Reason = (typeof reasons)[number];

/** In the order in which they are looked at. Names are only added. */
export const gates = [
  'probability',
  'size',
  'sharpness',
  'exposure',
  'yaw',
  'pitch',
  'roll',
  'cut',
  'features',
] as const;
export type Gate = (typeof gates)[number];

/** What is decided about one face, or about a capture without a face (`face: null`). */
export type Decision = { readonly face: MatchedFace | null } & (
  | {
      readonly decision: 'accepted';
      readonly subject: SubjectId;
      readonly similarity: number;
      /** Lead over the best other subject; null where the gallery has no other. */
      readonly margin: number | null;
    }
  | {
      readonly decision: 'rejected';
      readonly reason: Reason;
      /** The gate that failed, with `low_quality` only. */
      readonly gate: Gate | null;
      /** Whom it would have been: with `cooldown` only. */
      readonly subject: SubjectId | null;
      /** Similarity to the nearest subject, where there was one to compare with. */
      readonly similarity: number | null;
      readonly margin: number | null;
    }
);
