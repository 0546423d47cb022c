import type { Config } from '../config/schema.ts';
import type { Decision, MatchedFace } from '../decide/contract.ts';
import { createDecider, type Decided } from '../decide/decider.ts';
import type { Policy } from '../decide/policy.ts';
import type { SeenFrame } from '../decide/visits.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Sight } from './contract.ts';

/** One capture and the two policies that are compared. */
export interface ReplayStep {
  readonly sight: Sight;
  readonly galleryEmpty: boolean;
  readonly before: ReplayPolicy;
  readonly after: ReplayPolicy;
}

export type ReplayPolicy = Policy & Pick<Config['decision'], 'cooldown_s'>;

/** What was decided, and what would be. Null: no decision, as when a visit does not come about. */
export interface Comparison {
  readonly captured_at: EpochMs;
  readonly kind: Sight['kind'];
  readonly before: Verdict | null;
  readonly after: Verdict | null;
}

export interface Verdict {
  /** Subject or reason. */
  readonly outcome: string;
  readonly similarity: number | null;
}

interface Note {
  readonly capturedAt: EpochMs;
  readonly kind: Sight['kind'];
  readonly verdict: Verdict;
}

interface Origin {
  /** Number of the capture in the recording. */
  readonly index: number;
  readonly sight: Sight;
}

/** Replays a recording with both policies. Pure: the times of the recording are the only time. */
export function createReplay(): { add(step: ReplayStep): void; end(): readonly Comparison[] } {
  const runs = { before: createRun(), after: createRun() };
  let index = 0;

  return {
    add({ sight, galleryEmpty, ...policies }) {
      runs.before.add({ index, sight }, policies.before, galleryEmpty);
      runs.after.add({ index, sight }, policies.after, galleryEmpty);
      index += 1;
    },
    end() {
      const [before, after] = [runs.before.end(), runs.after.end()];
      return [...new Set([...before.keys(), ...after.keys()])]
        .map((key): Comparison => {
          const known = (before.get(key) ?? after.get(key))!;
          return {
            captured_at: known.capturedAt,
            kind: known.kind,
            before: before.get(key)?.verdict ?? null,
            after: after.get(key)?.verdict ?? null,
          };
        })
        .toSorted((a, b) => a.captured_at - b.captured_at);
    },
  };
}

/** One policy's way through a recording. Decisions of the two ways belong together when their visits began with the same frame. */
function createRun() {
  const notes = new Map<string, Note>();
  const accepted = new Map<string, EpochMs[]>();
  let decider = createDecider<Origin>();
  let last: { readonly at: number; readonly policy: ReplayPolicy } | null = null;

  return {
    add(origin: Origin, policy: ReplayPolicy, galleryEmpty: boolean) {
      const { sight } = origin;
      if (sight.kind === 'frame') {
        // The station was started anew, and its clock with it.
        if (last !== null && sight.at < last.at) endVisits();
        last = { at: sight.at, policy };
      }
      const photos = sight.photos.map((faces): SeenFrame<Origin> => {
        return { at: sight.at, faces: faces.map(asMatched), of: origin };
      });
      const [first] = photos;
      if (first === undefined) return;
      if (sight.kind === 'burst') note(decider.burst(photos, policy, galleryEmpty), policy);
      else if (sight.kind === 'frame') note(decider.frame(first, policy, galleryEmpty), policy);
      else note(decider.photo(first, policy, galleryEmpty), policy);
    },
    end(): ReadonlyMap<string, Note> {
      endVisits();
      return notes;
    },
  };

  function endVisits(): void {
    if (last !== null) note(decider.end(last.policy), last.policy);
    decider = createDecider();
  }

  function note(decided: readonly Decided<Origin>[], policy: ReplayPolicy): void {
    for (const { decision, shown, visit } of decided) {
      const { index, sight } = shown.of;
      const first = visit?.first.of.index ?? index;
      let n = 0;
      while (notes.has(`${first} ${n}`)) n += 1;
      const outcome = coolDown(decision, sight.captured_at, policy.cooldown_s * 1000);
      const { similarity } = decision;
      const verdict = { outcome, similarity };
      notes.set(`${first} ${n}`, { capturedAt: sight.captured_at, kind: sight.kind, verdict });
    }
  }

  /** As the recorder does it: within the cool-down before or after an acceptance, by the time of capture. */
  function coolDown(decision: Decision, at: EpochMs, cooldownMs: number): string {
    if (decision.decision === 'rejected') {
      return decision.gate === null ? decision.reason : `${decision.reason} (${decision.gate})`;
    }
    const times = accepted.get(decision.subject) ?? [];
    if (times.some((time) => Math.abs(time - at) < cooldownMs)) return 'cooldown';
    accepted.set(decision.subject, [...times.filter((time) => at - time < cooldownMs), at]);
    return decision.subject;
  }
}

/** The schema of a recording lets measures of quality pass that this version may not have yet; those that it has are numbers there too. */
function asMatched(face: Sight['photos'][number][number]): MatchedFace {
  return { ...face, followed: null } as unknown as MatchedFace;
}
