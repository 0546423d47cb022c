import { describe, expect, it } from 'vitest';
import { checkinEvent, matchPercent } from '../../src/telemetry/event.ts';
import { checkinSchema } from '../../src/telemetry/payloads.ts';
import { anEvent, face, facts, subject } from '../support/events.ts';

const numbered = { stream: 's', seq: 1, replayed: false };

describe('checkinEvent', () => {
  it('writes an accepted capture as the contract says', () => {
    const one = face([
      ['alice', 0.81234],
      ['bob', 0.3],
    ]);
    const event = checkinEvent(
      { face: one, decision: 'accepted', subject: subject('alice'), similarity: 0.81234, margin: 0.51234 },
      { ...facts, eventId: 'e1', faces: [one] },
    );
    expect(checkinSchema.parse({ ...event, ...numbered })).toMatchObject({
      captured_at: '2026-11-23T09:02:11.482Z',
      decision: 'accepted',
      reason: null,
      subject: 'alice',
      similarity: 0.8123,
      match_pct: 83.2,
      margin: 0.5123,
      faces: [{ subject: 'alice', similarity: 0.8123, quality: { size_px: 100 } }],
      latency_ms: { total: 31 },
    });
  });

  it('names nobody where nobody was near enough', () => {
    const one = face([['alice', 0.2]]);
    const event = checkinEvent(
      {
        face: one,
        decision: 'rejected',
        reason: 'unknown',
        gate: null,
        subject: null,
        similarity: 0.2,
        margin: null,
      },
      { ...facts, eventId: 'e1', faces: [one] },
    );
    expect(checkinSchema.parse({ ...event, ...numbered })).toMatchObject({
      reason: 'unknown',
      subject: null,
      faces: [{ subject: null, similarity: 0.2 }],
    });
    expect(JSON.stringify(event)).not.toContain('alice');
  });

  it('stays below 32 KB for a crowd, and says how large it was', () => {
    const crowd = Array.from({ length: 500 }, (_, i) =>
      face([[`subject-${i}-${'x'.repeat(20)}`, 0.123456789]]),
    );
    const event = checkinEvent(
      {
        face: crowd[0] ?? null,
        decision: 'rejected',
        reason: 'unknown',
        gate: null,
        subject: null,
        similarity: 0.12,
        margin: null,
      },
      { ...facts, eventId: 'e1', faces: crowd },
    );
    expect(event.faces_total).toBe(500);
    expect(event.faces).toHaveLength(16);
    expect(JSON.stringify(event).length).toBeLessThan(32 * 1024);
  });

  it('holds no field that the schema does not know', () => {
    expect(() => checkinSchema.strict().parse({ ...anEvent('e1'), ...numbered })).not.toThrow();
  });
});

describe('matchPercent', () => {
  it.each([
    [-1, 0.44, 0],
    [0.44, 0.44, 50],
    [1, 0.44, 100],
    [0.72, 0.44, 75],
    [-0.28, 0.44, 25],
    [1, 1, 100],
    [0.999, 1, 49.975],
    [-1, -1, 50],
  ])('of %d at the threshold %d is %d %%', (similarity, threshold, percent) => {
    expect(matchPercent(similarity, threshold)).toBeCloseTo(percent, 6);
  });
});
