import type { Attention } from '../capture/contract.ts';
import type { Box } from '../vision/contract.ts';
import { decideBurst } from './burst.ts';
import type { Decision } from './contract.ts';
import { decide, type Policy } from './policy.ts';
import { createVisits, type SeenFrame } from './visits.ts';

/** A decision before the cool-down, and what it was made of. */
export interface Decided<F> {
  readonly decision: Decision;
  /** The photo that it is shown with. */
  readonly shown: SeenFrame<F>;
  /** Tells decisions with the same photo apart. The same photos make the same numbers. */
  readonly number: number;
  /** Of several photos that voted; null for a photo that was decided alone. */
  readonly visit: VisitFacts<F> | null;
}

export interface VisitFacts<F> {
  readonly first: SeenFrame<F>;
  /** Frames in which the person was seen; of those that voted the usable and the agreeing. */
  readonly frames: number;
  readonly usable: number;
  readonly agreeing: number;
}

/** Turns matched photos into decisions: alone, as a burst, or as frames of a camera, whose visits it remembers. Without clock and chance. */
export interface Decider<F> {
  photo(photo: SeenFrame<F>, policy: Policy, galleryEmpty: boolean): readonly Decided<F>[];
  /** @param photos in their order, at least one */
  burst(photos: readonly SeenFrame<F>[], policy: Policy, galleryEmpty: boolean): readonly Decided<F>[];
  /** @param frame after those before, in time */
  frame(frame: SeenFrame<F>, policy: Policy, galleryEmpty: boolean): readonly Decided<F>[];
  /** No further frame comes. */
  end(policy: Policy): readonly Decided<F>[];
  attention(): Attention;
  /** Where the people of open visits were last seen, px. */
  boxes(): readonly Box[];
}

export function createDecider<F>(): Decider<F> {
  const visits = createVisits<F>();

  return {
    photo: (photo, policy, galleryEmpty) =>
      decide(photo.faces, policy, galleryEmpty).map((decision, number) => ({
        decision,
        shown: photo,
        number,
        visit: null,
      })),
    burst(photos, policy, galleryEmpty) {
      const faces = photos.map((photo) => photo.faces);
      return decideBurst(faces, policy, galleryEmpty).map(
        ({ decision, index, usable, agreeing }, number) => ({
          decision,
          shown: photos[index]!,
          number,
          visit: { first: photos[0]!, frames: photos.length, usable, agreeing },
        }),
      );
    },
    frame: (frame, policy, galleryEmpty) => visits.see(frame, policy, galleryEmpty).map(ofVisit),
    end: (policy) => visits.end(policy).map(ofVisit),
    attention: () => visits.attention(),
    boxes: () => visits.boxes(),
  };
}

/** A visit may be rejected and then accepted; were both shown with one face of one frame, they are still two. */
function ofVisit<F>({
  decision,
  frame,
  ...visit
}: ReturnType<ReturnType<typeof createVisits<F>>['end']>[number]): Decided<F> {
  const place = frame.faces.findIndex(({ box }) => box === decision.face?.box);
  const number = 2 * Math.max(0, place) + (decision.decision === 'accepted' ? 0 : 1);
  return { decision, shown: frame, number, visit };
}
