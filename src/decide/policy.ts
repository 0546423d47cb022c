import type { Config } from '../config/schema.ts';
import type { Match } from '../gallery/contract.ts';
import type { Box } from '../vision/contract.ts';
import type { Decision, MatchedFace, Reason } from './contract.ts';
import { failedGate } from './gates.ts';

export interface Policy {
  /** `largest`: the largest face decides. `every`: each recognised subject gets a decision of their own. */
  readonly policy: Config['decision']['policy'];
  /** Smallest similarity that is a match. */
  readonly threshold: number;
  /** Smallest lead over the best other subject. */
  readonly margin: number;
  readonly gates: Config['decision']['gates'];
  /** Whether a face that is not found to be live is rejected. */
  readonly pad: Config['decision']['pad'];
  /** How several frames become one decision. */
  readonly vote: Config['decision']['vote'];
}

/** More than this are not examined with the policy `every`: each costs time. */
const mostExamined = 8;

/** Of how many faces of a capture, the largest first, vision has to tell whether they are live. */
export function facesToExamine({ policy, pad }: Pick<Policy, 'policy' | 'pad'>): number {
  if (pad.mode === 'off') return 0;
  return policy === 'largest' ? 1 : mostExamined;
}

/**
 * Turns the matched faces of one capture into its decisions, before the cool-down: exactly one, except with
 * `every`, where each recognised subject has one (and the capture has one rejection where nobody is recognised).
 * A pure function: the same faces and policy give the same decisions.
 *
 * @param galleryEmpty whether there was nothing to match with
 */
export function decide(
  faces: readonly MatchedFace[],
  policy: Policy,
  galleryEmpty: boolean,
): readonly [Decision, ...Decision[]] {
  const [largest, ...others] = largestFirst(faces);
  if (largest === undefined) return [rejected(null, 'no_face')];
  const first = judge(largest, policy, galleryEmpty);
  if (policy.policy === 'largest') return [first];

  const decisions = [first, ...others.map((face) => judge(face, policy, galleryEmpty))];
  const accepted = nearestOfEachSubject(decisions.filter((one) => one.decision === 'accepted'));
  const [head, ...tail] = accepted;
  return head === undefined ? [first] : [head, ...tail];
}

/** Decides about one face alone. */
export function judge(face: MatchedFace, policy: Policy, galleryEmpty: boolean): Decision {
  const gate = failedGate(face, policy.gates);
  if (gate !== null) return { ...rejected(face, 'low_quality'), gate };
  const [best, runnerUp] = face.matches;
  if (galleryEmpty || best === undefined) return rejected(face, 'gallery_empty');
  const margin = marginOf(best, runnerUp);
  if (best.similarity < policy.threshold) return rejected(face, 'unknown');
  if (margin !== null && margin < policy.margin) return rejected(face, 'ambiguous');
  // A face that was not examined is not known to be live.
  if (policy.pad.mode === 'enforce' && (face.pad ?? 0) < policy.pad.threshold)
    return rejected(face, 'spoof_suspected');
  return { face, decision: 'accepted', subject: best.subject, similarity: best.similarity, margin };
}

/** A rejection without a gate or a subject. */
export function rejected(face: MatchedFace | null, reason: Reason) {
  const [best, runnerUp] = face?.matches ?? [];
  return {
    face,
    decision: 'rejected' as const,
    reason,
    gate: null,
    subject: null,
    similarity: best?.similarity ?? null,
    margin: best === undefined ? null : marginOf(best, runnerUp),
  };
}

/** The lead over the best other subject; null where the gallery has no other. */
function marginOf(best: Match, runnerUp: Match | undefined): number | null {
  return runnerUp === undefined ? null : best.similarity - runnerUp.similarity;
}

/** Two faces of one capture that look like the same subject make one check-in: that of the nearer face. */
function nearestOfEachSubject<D extends Extract<Decision, { decision: 'accepted' }>>(
  decisions: readonly D[],
): D[] {
  const nearest = new Map<string, D>();
  for (const decision of decisions) {
    const other = nearest.get(decision.subject);
    if (other === undefined || decision.similarity > other.similarity)
      nearest.set(decision.subject, decision);
  }
  return [...nearest.values()];
}

export function largestFirst(faces: readonly MatchedFace[]): readonly MatchedFace[] {
  return faces.toSorted((a, b) => area(b.box) - area(a.box));
}

function area([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1);
}
