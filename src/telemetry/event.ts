import type { Decision, MatchedFace } from '../decide/contract.ts';
import { isoTime, type EpochMs } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { CheckinEvent, Latency, VisitSummary } from './payloads.ts';

/** An event before the outbox numbers it. */
export type UnnumberedEvent = Omit<CheckinEvent, 'stream' | 'seq' | 'replayed'>;

export interface EventFacts {
  readonly eventId: string;
  readonly capturedAt: EpochMs;
  readonly decidedAt: EpochMs;
  readonly clock: CheckinEvent['clock'];
  /** From the start of the machine to the decision, ms; null where it is not told. */
  readonly uptimeMs: number | null;
  readonly faces: readonly MatchedFace[];
  readonly threshold: number;
  readonly padMode: NonNullable<CheckinEvent['pad']>['mode'];
  readonly latency: Latency;
  /** Null where one photo decided. */
  readonly visit: VisitSummary | null;
  readonly model: string;
  readonly galleryRevision: number;
}

/** Keeps an event far below the contract's 32 KB, whatever crowd is in the photo. */
const maxFaces = 16;

/** What an event says of its decision. */
export type DecisionPayload = Pick<
  CheckinEvent,
  | 'decision'
  | 'reason'
  | 'gate'
  | 'subject'
  | 'similarity'
  | 'match_pct'
  | 'threshold'
  | 'margin'
  | 'faces'
  | 'faces_total'
  | 'pad'
>;

/** Writes one decision as the event of the contract. Pure. */
export function checkinEvent(decision: Decision, facts: EventFacts): UnnumberedEvent {
  return {
    schema: 'checkin/1',
    event_id: facts.eventId,
    captured_at: isoTime(facts.capturedAt),
    decided_at: isoTime(facts.decidedAt),
    clock: facts.clock,
    ...(facts.clock === 'unsynced' && facts.uptimeMs !== null && { uptime_ms: round(facts.uptimeMs, 0) }),
    ...decisionPayload(decision, facts),
    latency_ms: roundedLatency(facts.latency),
    ...(facts.visit && { visit: { ...facts.visit, total_ms: round(facts.visit.total_ms, 2) } }),
    model: facts.model,
    gallery_rev: facts.galleryRevision,
  };
}

/** Writes a decision, and the faces that it was made of. Pure. */
export function decisionPayload(
  decision: Decision,
  { faces, threshold, padMode }: Pick<EventFacts, 'faces' | 'threshold' | 'padMode'>,
): DecisionPayload {
  const { similarity, margin, subject } = decision;
  const rejection = decision.decision === 'rejected' ? decision : null;
  return {
    decision: decision.decision,
    reason: rejection?.reason ?? null,
    gate: rejection?.gate ?? null,
    subject,
    similarity: similarity === null ? null : round(similarity, 4),
    match_pct: similarity === null ? null : round(matchPercent(similarity, threshold), 1),
    threshold: round(threshold, 4),
    margin: margin === null ? null : round(margin, 4),
    faces: faces.slice(0, maxFaces).map((face) => reportedFace(face, threshold)),
    faces_total: faces.length,
    pad: { mode: padMode, score: decision.face?.pad == null ? null : round(decision.face.pad, 4) },
  };
}

/**
 * Similarity as a percentage that a person can read: −1 is 0 %, the threshold is always 50 %, 1 is 100 %, linear in
 * between on either side.
 */
export function matchPercent(similarity: number, threshold: number): number {
  const percent =
    similarity < threshold
      ? (50 * (similarity + 1)) / (threshold + 1)
      : threshold === 1
        ? 100
        : 50 + (50 * (similarity - threshold)) / (1 - threshold);
  return Math.min(100, Math.max(0, percent));
}

function reportedFace(face: MatchedFace, threshold: number): CheckinEvent['faces'][number] {
  const best = face.matches[0];
  const { box, quality } = face;
  return {
    box: [round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1)],
    probability: round(face.probability, 4),
    subject: best !== undefined && best.similarity >= threshold ? best.subject : null,
    similarity: best === undefined ? null : round(best.similarity, 4),
    quality: {
      size_px: round(quality.size_px, 0),
      sharpness: round(quality.sharpness, 0),
      brightness: round(quality.brightness, 0),
      clipped: round(quality.clipped, 3),
      yaw_deg: round(quality.yaw_deg, 0),
      pitch_deg: round(quality.pitch_deg, 0),
      roll_deg: round(quality.roll_deg, 0),
      inside: round(quality.inside, 3),
      features: quality.features === null ? null : round(quality.features, 2),
    },
  };
}

export function roundedLatency(latency: Latency): Latency {
  const entries = Object.entries(latency).map(([stage, ms]) => [stage, round(ms, 2)]);
  return Object.fromEntries(entries) as Latency;
}
