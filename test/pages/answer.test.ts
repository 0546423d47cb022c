import { describe, expect, test } from 'vitest';
import { gates, reasons, type Gate, type Reason } from '../../src/decide/contract.ts';
import { answerTo, isForNow, screenWithout } from '../../src/pages/browser/kiosk/answer.ts';
import { en } from '../../src/pages/browser/words/en.ts';

type Event = Parameters<typeof answerTo>[0];

const rejected = (reason: Reason, gate: Gate | null = null, brightness = 120): Event => ({
  decision: 'rejected',
  reason,
  gate,
  faces: [{ quality: { brightness } } as Event['faces'][number]],
});

describe('the answer', () => {
  test('is green for whoever is in, also for the second time', () => {
    const accepted = answerTo({ decision: 'accepted', reason: null, gate: null, faces: [] }, en);
    expect(accepted).toEqual({ tone: 'good', title: 'Checked in', advice: 'Welcome. Please go ahead.' });
    expect(answerTo(rejected('cooldown'), en)).toMatchObject({ tone: 'good', title: 'Already checked in' });
  });

  test.each(gates)('tells what to do about the gate %s', (gate) => {
    const { tone, advice } = answerTo(rejected('low_quality', gate), en);
    expect(tone).toBe('again');
    expect(Object.values(en.shortfalls).map((saying) => saying.advice)).toContain(advice);
  });

  test('tells too dark from too bright', () => {
    expect(answerTo(rejected('low_quality', 'exposure', 20), en).title).toBe('Too dark');
    expect(answerTo(rejected('low_quality', 'exposure', 240), en).title).toBe('Too bright');
  });

  test.each(reasons.filter((reason) => reason !== 'low_quality'))('has words for %s', (reason) => {
    expect(answerTo(rejected(reason), en)).toMatchObject(en.refused[reason]);
  });
});

test('a capture from a backlog is no answer to whoever stands there now', () => {
  const captured_at = '2026-11-23T09:00:00.000Z';
  expect(isForNow({ captured_at, decided_at: '2026-11-23T09:00:01.500Z' })).toBe(true);
  expect(isForNow({ captured_at, decided_at: '2026-11-23T09:01:00.000Z' })).toBe(false);
});

test.each([
  ['live', 'ready', 'idle'],
  ['live', 'degraded', 'idle'],
  ['live', 'starting', 'wait'],
  ['live', 'stopping', 'wait'],
  ['live', null, 'wait'],
  ['connecting', null, 'wait'],
  ['offline', 'ready', 'offline'],
  ['unauthorised', null, 'offline'],
] as const)('with the connection %s and the station %s it is %s', (status, state, tone) => {
  expect(screenWithout(status, state, en).tone).toBe(tone);
});
