import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/decide/contract.ts';
import { judge } from '../../src/decide/policy.ts';
import { isUsable, vote, type Ballot } from '../../src/decide/vote.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { face, policy } from '../support/events.ts';

const blurred = { quality: { sharpness: 5 } };
const turned = { quality: { yaw_deg: 70 } };
const faces = {
  A: face([['alice', 0.7]]),
  B: face([['bob', 0.7]]),
  u: face([['alice', 0.1]]),
  m: face([
    ['alice', 0.5],
    ['bob', 0.49],
  ]),
  q: face([['alice', 0.7]], blurred),
  y: face([['alice', 0.7]], turned),
};

/** A frame every 100 ms, told by letters: Alice, Bob, unknown, `m` ambiguous, low quality (`q` blurred, `y` turned), and `.` for none. */
function ballots(letters: string, everyMs = 100): Ballot[] {
  return Array.from(letters).flatMap((letter, index) =>
    letter === '.'
      ? []
      : [{ at: index * everyMs, decision: judge(faces[letter as keyof typeof faces], policy, false) }],
  );
}

const words = (decision: Decision | undefined) =>
  decision === undefined
    ? null
    : decision.decision === 'accepted'
      ? decision.subject
      : [decision.reason, decision.gate].filter(Boolean).join(' ');

const decided = (letters: string, everyMs = 100, isOver = false) =>
  words(vote(ballots(letters, everyMs), policy.vote, isOver)?.decision);

describe('a visit that goes on', () => {
  it.each([
    ['no frame', '', null],
    ['two usable frames are too few', 'AA', null],
    ['the third decides', 'AAA', 'alice'],
    ['frames of low quality do not count', 'AqAq', null],
    ['nor are they in the way', 'qAqyAqA', 'alice'],
    ['60 % are enough', 'ABABA', 'alice'],
    ['half of them are not', 'ABAB', null],
    ['two of three are', 'AuA', 'alice'],
    ['two of four are not', 'uAuA', null],
    ['a rejection waits for the window', 'uuuuuuuuuu', null],
    ['a person is recognised after a bad beginning', 'uuuuAAAAAA', 'alice'],
  ])('%s: %s → %s', (_, letters, expected) => {
    expect(decided(letters)).toBe(expected);
  });

  it('rejects when the window has passed since the first usable frame', () => {
    expect(decided('u'.repeat(20))).toBeNull();
    expect(decided('u'.repeat(21))).toBe('unknown');
    expect(decided(`${'q'.repeat(30)}uuu`)).toBeNull();
  });

  it('says ambiguous when two subjects share the frames, and unknown when one has too few', () => {
    expect(decided('AB'.repeat(11))).toBe('ambiguous');
    expect(decided('Au'.repeat(11))).toBe('unknown');
    expect(decided('m'.repeat(21))).toBe('ambiguous');
  });

  it('looks at the frames of the window only', () => {
    // Three frames in three seconds.
    expect(decided('A.A.A', 750)).toBeNull();
    expect(decided('A.A.A', 500)).toBe('alice');
    // What was seen before the window has no say.
    expect(decided(`${'B'.repeat(10)}${'.'.repeat(20)}AAA`)).toBe('alice');
  });

  it('decides at the first frame that is enough, and shows the newest that agrees', () => {
    const frames = ballots('AuAAAA');
    const first = frames.findIndex((_, n) => vote(frames.slice(0, n + 1), policy.vote, false) !== null);
    expect(first).toBe(2);
    const outcome = vote(ballots('AAuBA'), policy.vote, false);
    expect(outcome).toMatchObject({ ballot: { at: 400 }, usable: 5, agreeing: 3 });
  });
});

describe('a visit that is over', () => {
  it.each([
    ['usable frames decide, however far apart', 'AAA', 1500, 'alice'],
    ['a stranger who left early', 'uuu', 100, 'unknown'],
    ['never usable', 'qqyq', 100, 'low_quality sharpness'],
    ['hardly usable', 'AqqyyyA', 100, 'low_quality yaw'],
    ['a glimpse', 'AA', 100, null],
    ['a glimpse without quality', 'qq', 100, null],
  ] as const)('%s: %s', (_, letters, everyMs, expected) => {
    expect(decided(letters, everyMs, true)).toBe(expected);
  });
});

describe('whatever the frames are', () => {
  const random = seededRandom(7);
  const letters = () =>
    Array.from({ length: Math.floor(random() * 40) }, () => 'AAAAABuumqy.'[Math.floor(random() * 12)]).join(
      '',
    );
  const cases = Array.from({ length: 1000 }, () => ({
    frames: ballots(letters(), 20 + random() * 400),
    rule: { ...policy.vote, min_frames: 1 + Math.floor(random() * 6), share: 0.5 + random() / 2 },
    isOver: random() < 0.3,
  }));

  it('accepts nobody without enough usable frames that agree', () => {
    let accepted = 0;
    for (const { frames, rule, isOver } of cases) {
      const outcome = vote(frames, rule, isOver);
      if (outcome?.decision.decision !== 'accepted') continue;
      accepted += 1;
      const { subject } = outcome.decision;
      const usable = frames.filter(
        ({ at, decision }) =>
          isUsable(decision) && (isOver || frames.at(-1)!.at - at <= rule.window_s * 1000),
      );
      const agreeing = usable.filter(({ decision }) => decision.subject === subject);
      expect(usable.length).toBeGreaterThanOrEqual(rule.min_frames);
      expect(agreeing.length).toBeGreaterThanOrEqual(rule.share * usable.length);
      expect(outcome).toMatchObject({ usable: usable.length, agreeing: agreeing.length });
      expect(outcome.ballot).toBe(agreeing.at(-1));
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('says the same again, at any time of day, and with frames without quality in between', () => {
    for (const { frames, rule, isOver } of cases) {
      const said = words(vote(frames, rule, isOver)?.decision);
      const later = frames.map((ballot) => ({ ...ballot, at: ballot.at + 1e12 }));
      expect(words(vote(later, rule, isOver)?.decision)).toBe(said);
      if (isOver || said === null) continue;
      const bad = { at: frames.at(-1)!.at, decision: judge(faces.q, policy, false) };
      expect(words(vote([...frames, bad], rule, false)?.decision)).toBe(said);
    }
  });
});
