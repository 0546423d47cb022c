import { randomUUID } from 'node:crypto';
import type { MatchedFace } from '../../src/decide/contract.ts';
import type { SubjectId } from '../../src/gallery/contract.ts';
import { checkinEvent, type UnnumberedEvent } from '../../src/telemetry/event.ts';

const subject = 'bench' as SubjectId;
const face: MatchedFace = {
  box: [512.4, 201.7, 671.9, 413.2],
  probability: 0.9993,
  landmarks: [
    [553.1, 284.4],
    [628.7, 282.9],
    [592.3, 330.6],
    [560.8, 366.1],
    [624.2, 364.7],
  ],
  followed: null,
  pad: null,
  quality: {
    size_px: 160,
    sharpness: 211,
    brightness: 118,
    clipped: 0.012,
    yaw_deg: 4,
    pitch_deg: 7,
    roll_deg: 1,
    inside: 1,
    features: 1.02,
  },
  matches: [{ subject, similarity: 0.7312 }],
};

/** An accepted check-in of one face, with an id of its own. */
export function inventedEvent(): UnnumberedEvent {
  const now = Date.now();
  return checkinEvent(
    { face, decision: 'accepted', subject, similarity: 0.7312, margin: 0.4127 },
    {
      eventId: randomUUID(),
      capturedAt: now - 40,
      decidedAt: now,
      clock: 'synced',
      uptimeMs: null,
      faces: [face],
      threshold: 0.44,
      padMode: 'off',
      latency: { queue: 0.4, decode: 6.1, detect: 14.2, align: 0.4, embed: 6.3, match: 0.1, total: 28 },
      model: `edge@sha256:${'0'.repeat(64)}`,
      galleryRevision: 118,
      visit: null,
    },
  );
}
