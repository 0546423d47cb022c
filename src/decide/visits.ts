import type { Attention } from '../capture/contract.ts';
import type { SubjectId } from '../gallery/contract.ts';
import type { Box } from '../vision/contract.ts';
import type { Decision, MatchedFace } from './contract.ts';
import { judge, largestFirst, type Policy } from './policy.ts';
import { isUsable, vote, type Ballot, type Outcome } from './vote.ts';

/** One frame of a camera after matching. `of` is whatever the caller wants to find again in the outcome. */
export interface SeenFrame<F> {
  /** When it was taken, ms from any start that does not jump. */
  readonly at: number;
  readonly faces: readonly MatchedFace[];
  readonly of: F;
}

/** A visit's decision, told by the frame that it is shown with. */
export interface VisitOutcome<F> {
  readonly decision: Decision;
  readonly frame: SeenFrame<F>;
  /** The frame in which the visit began. */
  readonly first: SeenFrame<F>;
  /** Frames of the visit so far; of those that voted the usable and the agreeing. */
  readonly frames: number;
  readonly usable: number;
  readonly agreeing: number;
}

/**
 * Gathers the frames of a camera into visits, and lets the frames of each visit vote. A visit is one person in sight, followed by the
 * place of the face and by who is recognised; it ends when nothing was seen of them for `gone_s`. It has one decision. Only
 * where that was a rejection and the person is recognised while still there, the acceptance follows.
 */
export interface Visits<F> {
  /** Takes the next frame; gives the decisions that it brings about. */
  see(frame: SeenFrame<F>, policy: Policy, galleryEmpty: boolean): readonly VisitOutcome<F>[];
  /** No frame follows: ends all visits. */
  end(policy: Policy): readonly VisitOutcome<F>[];
  attention(): Attention;
  /** Where faces were last seen, px. */
  boxes(): readonly Box[];
}

interface FrameBallot<F> extends Ballot {
  readonly frame: SeenFrame<F>;
}

interface Visit<F> {
  readonly first: SeenFrame<F>;
  ballots: readonly FrameBallot<F>[];
  frames: number;
  lastAt: number;
  box: Box;
  /** Who was last recognised here, and when. */
  subject: SubjectId | null;
  subjectAt: number;
  said: Decision['decision'] | null;
}

/** Two boxes belong to one face when their doubles overlap by this much (intersection over union). */
const sameFace = 0.25;
/** Beyond this a visit without a decision is looked at now and then only, ms. */
const patienceMs = 10_000;
/** Ballots that a visit keeps. */
const maxBallots = 100;

export function createVisits<F>(): Visits<F> {
  let open: Visit<F>[] = [];
  let now = 0;

  return {
    see(frame, policy, galleryEmpty) {
      now = frame.at;
      const gone = open.filter((visit) => now - visit.lastAt > policy.vote.gone_s * 1000);
      open = open.filter((visit) => !gone.includes(visit));
      const outcomes = gone.flatMap((visit) => outcomeOf(visit, policy, true));
      const taken = new Set<Visit<F>>();
      for (const [rank, face] of largestFirst(frame.faces).entries()) {
        const decision = judge(face, policy, galleryEmpty);
        const votes = policy.policy === 'every' || rank === 0;
        const visit = visitOf(face, decision, policy, taken) ?? (votes ? begin(frame, face) : null);
        if (visit === null) continue;
        taken.add(visit);
        visit.box = face.box;
        visit.lastAt = now;
        visit.frames += 1;
        if (decision.decision === 'accepted') {
          visit.subject = decision.subject;
          visit.subjectAt = now;
        }
        if (!votes || visit.said === 'accepted') continue;
        visit.ballots = [...visit.ballots, { at: now, decision, frame }].slice(-maxBallots);
        outcomes.push(...outcomeOf(visit, policy, false));
      }
      return outcomes;
    },
    end(policy) {
      const ended = open;
      open = [];
      return ended.flatMap((visit) => outcomeOf(visit, policy, true));
    },
    attention() {
      if (open.length === 0) return 'motion';
      const undecided = open.some(({ said, first }) => said === null && now - first.at < patienceMs);
      return undecided ? 'every-frame' : 'now-and-then';
    },
    boxes: () => open.map(({ box }) => box),
  };

  function begin(frame: SeenFrame<F>, { box }: MatchedFace): Visit<F> {
    const visit: Visit<F> = {
      first: frame,
      ballots: [],
      frames: 0,
      lastAt: frame.at,
      box,
      subject: null,
      subjectAt: frame.at,
      said: null,
    };
    open.push(visit);
    return visit;
  }

  /** The visit that a face belongs to: of the same person, else the one at its place. */
  function visitOf(
    face: MatchedFace,
    decision: Decision,
    policy: Policy,
    taken: ReadonlySet<Visit<F>>,
  ): Visit<F> | null {
    const free = open.filter((visit) => !taken.has(visit));
    if (decision.decision === 'accepted') {
      const own = free.find((visit) => visit.subject === decision.subject);
      if (own !== undefined) return own;
    }
    const [nearest] = free
      .map((visit) => ({ visit, overlap: overlap(doubled(visit.box), doubled(face.box)) }))
      .filter(({ visit, overlap: share }) => share >= sameFace && mayBe(visit, decision, policy))
      .toSorted((a, b) => b.overlap - a.overlap);
    return nearest?.visit ?? null;
  }

  /** Whether a face at an accepted person's place may be theirs: not somebody else's, nor one that has long been a stranger's. */
  function mayBe(visit: Visit<F>, decision: Decision, policy: Policy): boolean {
    if (visit.said !== 'accepted') return true;
    if (decision.decision === 'accepted') return false;
    return !isUsable(decision) || now - visit.subjectAt <= policy.vote.gone_s * 1000;
  }
}

function outcomeOf<F>(visit: Visit<F>, policy: Policy, isOver: boolean): VisitOutcome<F>[] {
  if (visit.said === 'accepted' || (visit.said !== null && isOver)) return [];
  const outcome: Outcome<FrameBallot<F>> | null = vote(visit.ballots, policy.vote, isOver);
  if (outcome === null) return [];
  const { decision, ballot, usable, agreeing } = outcome;
  if (visit.said === 'rejected' && decision.decision === 'rejected') return [];
  visit.said = decision.decision;
  const { first, frames } = visit;
  return [{ decision, frame: ballot.frame, first, frames, usable, agreeing }];
}

/** The box with its sides twice as long, so that a step to the side between two frames still overlaps. */
function doubled([x1, y1, x2, y2]: Box): Box {
  const w = (x2 - x1) / 2;
  const h = (y2 - y1) / 2;
  return [x1 - w, y1 - h, x2 + w, y2 + h];
}

/** Intersection over union, 0..1. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}
