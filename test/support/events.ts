import type { SubjectId } from '../../src/gallery/contract.ts';
import type { MatchedFace } from '../../src/decide/contract.ts';
import type { Policy } from '../../src/decide/policy.ts';
import type { UnnumberedEvent } from '../../src/telemetry/event.ts';
import { checkinEvent } from '../../src/telemetry/event.ts';

export const subject = (id: string) => id as SubjectId;

/** Like the defaults of the config, with the threshold of the pack `edge`. */
export const policy: Policy = {
  policy: 'largest',
  threshold: 0.44,
  margin: 0.05,
  gates: {
    probability: 0.95,
    size_px: 64,
    sharpness: 40,
    brightness: [40, 230],
    clipped: 0.5,
    yaw_deg: 40,
    pitch_deg: 35,
    roll_deg: 30,
    inside: 0.9,
    features: 0.7,
  },
  pad: { mode: 'off', threshold: 0.5 },
  vote: { min_frames: 3, window_s: 2, share: 0.6, gone_s: 3 },
};

/** A frontal, sharp face of 100 px; `matches` as `[subject, similarity]`, the most similar first. */
export function face(
  matches: readonly (readonly [string, number])[],
  changes: {
    box?: [number, number, number, number];
    probability?: number;
    pad?: number | null;
    quality?: Partial<MatchedFace['quality']>;
  } = {},
): MatchedFace {
  return {
    box: changes.box ?? [100, 100, 200, 220],
    probability: changes.probability ?? 0.999,
    landmarks: [
      [130, 140],
      [170, 140],
      [150, 165],
      [135, 190],
      [165, 190],
    ],
    followed: null,
    pad: changes.pad ?? null,
    quality: {
      size_px: 100,
      sharpness: 300,
      brightness: 120,
      clipped: 0.02,
      yaw_deg: 3,
      pitch_deg: 5,
      roll_deg: 1,
      inside: 1,
      features: 1.02,
      ...changes.quality,
    },
    matches: matches.map(([id, similarity]) => ({ subject: subject(id), similarity })),
  };
}

export const facts = {
  capturedAt: Date.parse('2026-11-23T09:02:11.482Z'),
  decidedAt: Date.parse('2026-11-23T09:02:11.513Z'),
  clock: 'synced',
  uptimeMs: 123_456,
  faces: [],
  threshold: 0.44,
  padMode: 'off',
  latency: { queue: 4, decode: 6, detect: 14, align: 0.4, embed: 6, match: 0.1, total: 31 },
  visit: null,
  model: `edge@sha256:${'0'.repeat(64)}`,
  galleryRevision: 118,
} as const;

/** An accepted event of `alice`. */
export function anEvent(eventId: string): UnnumberedEvent {
  const one = face([['alice', 0.8]]);
  return checkinEvent(
    { face: one, decision: 'accepted', subject: subject('alice'), similarity: 0.8, margin: null },
    { ...facts, eventId, faces: [one] },
  );
}
