import { describe, expect, it } from 'vitest';
import { decideBurst } from '../../src/decide/burst.ts';
import { face, policy } from '../support/events.ts';

const small: [number, number, number, number] = [500, 100, 570, 180];
const alice = face([['alice', 0.7]]);
const bob = face([['bob', 0.7]], { box: small });
const stranger = face([['alice', 0.1]]);
const blurred = face([['alice', 0.7]], { quality: { sharpness: 3 } });

function decided(photos: readonly (readonly (typeof alice)[])[], which: 'largest' | 'every' = 'largest') {
  const outcomes = decideBurst(photos, { ...policy, policy: which }, false);
  return outcomes.map(({ decision }) =>
    decision.decision === 'accepted' ? decision.subject : [decision.reason, decision.gate].join(' ').trim(),
  );
}

describe('a burst', () => {
  it.each([
    ['photos agree', [[alice], [alice], [alice]], 'alice'],
    ['a bad one among them', [[alice], [blurred], [stranger], [alice], [alice]], 'alice'],
    ['a single photo', [[alice]], 'alice'],
    ['two that agree', [[alice], [alice]], 'alice'],
    ['two that do not', [[alice], [stranger]], 'unknown'],
    ['too few are usable', [[alice], [blurred], [blurred], []], 'low_quality sharpness'],
    ['nobody there', [[], [], []], 'no_face'],
    ['a stranger', [[stranger], [stranger], [stranger]], 'unknown'],
  ])('%s', (_, photos, expected) => {
    expect(decided(photos)).toEqual([expected]);
  });

  it('gives each recognised subject a decision with the policy every', () => {
    const photos = [[alice, bob], [alice], [alice, bob], [alice, bob]];
    expect(decided(photos)).toEqual(['alice']);
    expect(decided(photos, 'every')).toEqual(['alice', 'bob']);
    expect(decided([[stranger], [stranger], [stranger]], 'every')).toEqual(['unknown']);
  });

  it('names the photo that it is shown with', () => {
    expect(decideBurst([[blurred], [alice], [alice], [alice], []], policy, false)[0]).toMatchObject({
      index: 3,
      usable: 3,
      agreeing: 3,
    });
  });
});
