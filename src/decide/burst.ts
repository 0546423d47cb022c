import type { Decision, MatchedFace } from './contract.ts';
import { judge, largestFirst, rejected, type Policy } from './policy.ts';
import { isUsable, vote, type Outcome } from './vote.ts';

interface BurstBallot {
  readonly at: number;
  readonly decision: Decision;
  /** Which photo of the burst. */
  readonly index: number;
}

/** A burst's decision, and the number of the photo that it is shown with. */
export type BurstOutcome = Omit<Outcome<BurstBallot>, 'ballot'> & { readonly index: number };

/**
 * Turns the photos of one visit that came together into its decisions, before the cool-down: exactly one, by the largest face of each; except
 * with the policy `every`, where each subject that enough photos recognise has one. A burst that has fewer photos than the vote
 * asks for needs all of them.
 *
 * @param photos the faces of each photo, at least one photo
 */
export function decideBurst(
  photos: readonly (readonly MatchedFace[])[],
  policy: Policy,
  galleryEmpty: boolean,
): readonly [BurstOutcome, ...BurstOutcome[]] {
  const rule = { ...policy.vote, min_frames: Math.min(policy.vote.min_frames, photos.length) };
  const judged = photos.map((faces) => largestFirst(faces).map((face) => judge(face, policy, galleryEmpty)));
  const ballots = judged.map(([largest], index): BurstBallot => ({
    at: index,
    index,
    decision: largest ?? rejected(null, 'no_face'),
  }));
  const usable = judged.filter((decisions) => decisions.some(isUsable)).length;
  const everyone = policy.policy === 'every' ? recognised(judged) : [];
  const [head, ...tail] = everyone
    .filter(({ agreeing }) => agreeing >= rule.min_frames && agreeing >= rule.share * usable)
    .map((one): BurstOutcome => ({ ...one, usable }));
  if (head !== undefined) return [head, ...tail];

  const outcome = vote(ballots, rule, true);
  if (outcome === null) throw new Error('a burst has at least one photo');
  const { ballot, ...rest } = outcome;
  return [{ ...rest, index: ballot.index }];
}

/** Each subject that is accepted in some photo, the last photo that it is in, and in how many it is. */
function recognised(judged: readonly (readonly Decision[])[]) {
  const found = new Map<string, { decision: Decision; index: number; agreeing: number }>();
  for (const [index, decisions] of judged.entries()) {
    for (const decision of decisions) {
      if (decision.decision !== 'accepted') continue;
      const before = found.get(decision.subject);
      if (before?.index === index) continue;
      found.set(decision.subject, { decision, index, agreeing: (before?.agreeing ?? 0) + 1 });
    }
  }
  return [...found.values()];
}
