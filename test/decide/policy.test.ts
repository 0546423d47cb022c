import { describe, expect, it } from 'vitest';
import { decide, facesToExamine, type Policy } from '../../src/decide/policy.ts';
import { face, policy } from '../support/events.ts';

const every: Policy = { ...policy, policy: 'every' };

/** Decision, reason and gate of a capture with one face. */
const outcome = (...args: Parameters<typeof face>) => {
  const [only] = decide([face(...args)], policy, false);
  return only.decision === 'accepted' ? only.subject : [only.reason, only.gate].filter(Boolean).join(' ');
};

describe('one face', () => {
  it.each([
    ['no match is near enough', [['alice', 0.439]], 'unknown'],
    ['the threshold itself is a match', [['alice', 0.44]], 'alice'],
    [
      'a clear lead',
      [
        ['alice', 0.8],
        ['bob', 0.3],
      ],
      'alice',
    ],
    [
      'the margin itself is enough',
      [
        ['alice', 0.55],
        ['bob', 0.5],
      ],
      'alice',
    ],
    [
      'the runner-up is too near',
      [
        ['alice', 0.53],
        ['bob', 0.5],
      ],
      'ambiguous',
    ],
    [
      'the runner-up is near but neither matches',
      [
        ['alice', 0.43],
        ['bob', 0.42],
      ],
      'unknown',
    ],
  ] as const)('%s', (_, matches, expected) => {
    // 0.55 − 0.5 is a little above 0.05 in binary, so the limit is really met.
    expect(outcome(matches)).toBe(expected);
  });

  it.each([
    ['probability', { probability: 0.949 }],
    ['size', { quality: { size_px: 63 } }],
    ['sharpness', { quality: { sharpness: 39 } }],
    ['exposure', { quality: { brightness: 39 } }],
    ['exposure', { quality: { brightness: 231 } }],
    ['exposure', { quality: { clipped: 0.51 } }],
    ['yaw', { quality: { yaw_deg: -41 } }],
    ['yaw', { quality: { yaw_deg: 41 } }],
    ['pitch', { quality: { pitch_deg: 36 } }],
    ['pitch', { quality: { pitch_deg: -36 } }],
    ['roll', { quality: { roll_deg: 31 } }],
    ['roll', { quality: { roll_deg: -31 } }],
    ['cut', { quality: { inside: 0.89 } }],
    ['features', { quality: { features: 0.69 } }],
    // What is plainly wrong is named before what is hidden.
    ['yaw', { quality: { yaw_deg: 50, features: 0.1 } }],
  ])('the gate %s stops %o', (gate, changes) => {
    expect(outcome([['alice', 0.9]], changes)).toBe(`low_quality ${gate}`);
  });

  it('passes on the limit of every gate', () => {
    const pose = { yaw_deg: -40, pitch_deg: 35, roll_deg: -30 };
    const image = { size_px: 64, sharpness: 40, brightness: 40, clipped: 0.5, inside: 0.9 };
    const quality = { ...image, ...pose, features: 0.7 };
    expect(outcome([['alice', 0.9]], { probability: 0.95, quality })).toBe('alice');
  });

  it('does not ask for features where the models do not tell', () => {
    expect(outcome([['alice', 0.9]], { quality: { features: null } })).toBe('alice');
  });

  it('names low quality before unknown, and an empty gallery only for a good face', () => {
    const [blurred] = decide([face([], { quality: { sharpness: 1 } })], policy, true);
    expect(blurred).toMatchObject({ reason: 'low_quality', gate: 'sharpness' });
    expect(decide([face([])], policy, true)).toMatchObject([{ reason: 'gallery_empty', similarity: null }]);
  });

  it('has no margin where the gallery has one subject', () => {
    expect(decide([face([['alice', 0.45]])], policy, false)).toMatchObject([
      { decision: 'accepted', margin: null },
    ]);
  });
});

describe('no face', () => {
  it.each([policy, every])('is one rejection ($policy)', (each) => {
    expect(decide([], each, false)).toMatchObject([{ decision: 'rejected', reason: 'no_face', face: null }]);
  });
});

describe('several faces', () => {
  const small = face(
    [
      ['bob', 0.9],
      ['alice', 0.1],
    ],
    { box: [0, 0, 80, 80] },
  );
  const large = face(
    [
      ['alice', 0.7],
      ['bob', 0.1],
    ],
    { box: [100, 0, 300, 240] },
  );
  const stranger = face(
    [
      ['alice', 0.2],
      ['bob', 0.1],
    ],
    { box: [400, 0, 700, 300] },
  );

  it('lets the largest decide, whatever the order', () => {
    expect(decide([small, large], policy, false)).toMatchObject([{ subject: 'alice' }]);
    expect(decide([small, large, stranger], policy, false)).toMatchObject([{ reason: 'unknown' }]);
  });

  it('gives every recognised subject a decision of their own', () => {
    const decisions = decide([small, large, stranger], every, false);
    expect(decisions.map((each) => each.subject)).toEqual(['alice', 'bob']);
  });

  it('gives a subject that is seen twice one decision, of the nearer face', () => {
    const nearer = face(
      [
        ['alice', 0.9],
        ['bob', 0.1],
      ],
      { box: [0, 0, 70, 70] },
    );
    expect(decide([large, nearer], every, false)).toMatchObject([{ subject: 'alice', similarity: 0.9 }]);
  });

  it('gives one rejection, of the largest, where nobody is recognised', () => {
    const blurred = face([['bob', 0.9]], { box: [0, 0, 90, 90], quality: { sharpness: 1 } });
    expect(decide([blurred, stranger], every, false)).toMatchObject([{ reason: 'unknown' }]);
  });
});

describe('attack detection', () => {
  const withPad = (
    mode: Policy['pad']['mode'],
    pad: number | null,
    matches: Parameters<typeof face>[0] = [['alice', 0.8]],
  ) => {
    const [only] = decide([face(matches, { pad })], { ...policy, pad: { mode, threshold: 0.5 } }, false);
    return only.decision === 'accepted' ? only.subject : only.reason;
  };

  it.each([
    ['off', 0.1, 'alice'],
    ['report', 0.1, 'alice'],
    ['report', null, 'alice'],
    ['enforce', 0.5, 'alice'],
    ['enforce', 0.49, 'spoof_suspected'],
    // A face that was not looked at is not known to be live.
    ['enforce', null, 'spoof_suspected'],
  ] as const)('%s with a score of %s: %s', (mode, score, expected) => {
    expect(withPad(mode, score)).toBe(expected);
  });

  it('says first that a face is unknown or ambiguous', () => {
    expect(withPad('enforce', 0.1, [['alice', 0.2]])).toBe('unknown');
    expect(
      withPad('enforce', 0.1, [
        ['alice', 0.53],
        ['bob', 0.5],
      ]),
    ).toBe('ambiguous');
  });

  it('is asked for the faces that can decide, and no others', () => {
    expect(facesToExamine(policy)).toBe(0);
    expect(facesToExamine({ ...policy, pad: { mode: 'report', threshold: 0.5 } })).toBe(1);
    expect(facesToExamine({ ...every, pad: { mode: 'enforce', threshold: 0.5 } })).toBe(8);
  });
});
