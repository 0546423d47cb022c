import { describe, expect, test } from 'vitest';
import { samplesFor } from '../../src/pages/browser/compare/samples.ts';
import { decideAt, placeOf } from '../../src/pages/browser/compare/verdict.ts';
import { backOff } from '../../src/pages/browser/lib/back-off.ts';

describe('the threshold', () => {
  test('the nearest face decides, and each is told apart', () => {
    expect(decideAt([0.9, 0.3, 0.5], 0.56)).toEqual({
      match: true,
      nearest: 1,
      distance: 0.3,
      matches: [false, true, true],
    });
  });

  test('on the threshold is no match, as the API has it', () => {
    expect(decideAt([0.56], 0.56).match).toBe(false);
    expect(decideAt([0.5599], 0.56).match).toBe(true);
  });

  test('without a face there is no match', () => {
    expect(decideAt([], 0.56)).toEqual({ match: false, nearest: null, distance: null, matches: [] });
  });

  test('a distance beyond the scale stands at its end', () => {
    expect([0, 0.7, 1.4, 2, -0.1].map(placeOf)).toEqual([0, 0.5, 1, 1, 0]);
  });
});

test('the code samples bring a token where the station asks for one', () => {
  const local = samplesFor({ origin: 'http://127.0.0.1:8080', hostname: '127.0.0.1' });
  expect(local.map(({ name }) => name)).toEqual(['curl', 'JavaScript', 'Python']);
  for (const { code } of local) {
    expect(code).toContain('http://127.0.0.1:8080/photo_match');
    expect(code).not.toContain('MUSTER_TOKEN');
  }
  for (const { code } of samplesFor({ origin: 'https://door-1.local', hostname: 'door-1.local' })) {
    expect(code).toContain('MUSTER_TOKEN');
  }
});

test('a page waits longer with each failure, and not as long as all others', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => backOff(failures, 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
  expect(backOff(3, 0)).toBe(1000);
});
