import type { Decision, Gate } from './contract.ts';
import { rejected, type Policy } from './policy.ts';

/** What one frame says of a person. */
export interface Ballot {
  /** When the frame was taken, ms from any start. */
  readonly at: number;
  readonly decision: Decision;
}

export interface Outcome<B extends Ballot> {
  readonly decision: Decision;
  /** The newest ballot that agrees with it: what the event shows. */
  readonly ballot: B;
  /** Ballots that counted, and how many of them agree. */
  readonly usable: number;
  readonly agreeing: number;
}

export type VoteRule = Policy['vote'];

/**
 * Makes one decision of the frames of a visit. A frame is usable when its face meets the gates. Somebody is accepted as soon as,
 * within the last `window_s`, at least `min_frames` were usable and the `share` of them agree. A rejection is held back until the
 * window has passed since the first usable frame, as a person who comes nearer is recognised a little later.
 *
 * A pure function of its arguments: the frames' own times are the only time.
 *
 * @param ballots in the order of time
 * @param isOver no further frame will come: decides with all there are, unless they are too few
 * @returns null: not decided yet, or too few frames to say anything
 */
export function vote<B extends Ballot>(
  ballots: readonly B[],
  rule: VoteRule,
  isOver: boolean,
): Outcome<B> | null {
  const newest = ballots.at(-1);
  if (newest === undefined) return null;
  const usable = ballots.filter(({ decision }) => isUsable(decision));
  if (isOver) {
    if (usable.length >= rule.min_frames) return majority(usable, rule) ?? disagreement(usable);
    return ballots.length >= rule.min_frames ? commonestFault(ballots) : null;
  }
  const windowMs = rule.window_s * 1000;
  const recent = usable.filter(({ at }) => newest.at - at <= windowMs);
  if (recent.length < rule.min_frames) return null;
  const outcome = majority(recent, rule);
  if (outcome?.decision.decision === 'accepted') return outcome;
  const sinceFirst = newest.at - (usable[0]?.at ?? newest.at);
  return sinceFirst < windowMs ? null : (outcome ?? disagreement(recent));
}

/** Whether there was something to recognise. */
export function isUsable(decision: Decision): boolean {
  return (
    decision.decision === 'accepted' || (decision.reason !== 'no_face' && decision.reason !== 'low_quality')
  );
}

function majority<B extends Ballot>(usable: readonly B[], rule: VoteRule): Outcome<B> | null {
  const { ballots, ballot } = commonest(usable);
  if (ballots < rule.share * usable.length) return null;
  return { decision: ballot.decision, ballot, usable: usable.length, agreeing: ballots };
}

/** Without a majority nobody is accepted. Two subjects are ambiguous; else it is what most of the rejections say. */
function disagreement<B extends Ballot>(usable: readonly B[]): Outcome<B> {
  const subjects = new Set(usable.map(({ decision }) => decision.subject).filter((one) => one !== null));
  if (subjects.size > 1) {
    const { ballot, ballots } = commonest(usable);
    const decision = rejected(ballot.decision.face, 'ambiguous');
    return { decision, ballot, usable: usable.length, agreeing: ballots };
  }
  const { ballot, ballots } = commonest(usable.filter(({ decision }) => decision.decision === 'rejected'));
  return { decision: ballot.decision, ballot, usable: usable.length, agreeing: ballots };
}

/** What was wrong with most of the frames, of which too few were usable. */
function commonestFault<B extends Ballot>(ballots: readonly B[]): Outcome<B> {
  const faulty = ballots.filter(({ decision }) => !isUsable(decision));
  const { ballot, ballots: agreeing } = commonest(faulty);
  return { decision: ballot.decision, ballot, usable: ballots.length - faulty.length, agreeing };
}

/** The largest group of ballots that say the same, of two the one that was heard last; its newest ballot and its size. */
function commonest<B extends Ballot>(ballots: readonly B[]): { ballot: B; ballots: number } {
  const groups = new Map<string, { ballot: B; ballots: number; index: number }>();
  for (const [index, ballot] of ballots.entries()) {
    const key = choiceOf(ballot.decision);
    groups.set(key, { ballot, ballots: (groups.get(key)?.ballots ?? 0) + 1, index });
  }
  const [first] = [...groups.values()].toSorted((a, b) => b.ballots - a.ballots || b.index - a.index);
  if (first === undefined) throw new Error('nobody has voted');
  return first;
}

function choiceOf(decision: Decision): string {
  if (decision.decision === 'accepted') return `accepted ${decision.subject}`;
  const gate: Gate | '' = decision.gate ?? '';
  return `${decision.reason} ${gate}`;
}
