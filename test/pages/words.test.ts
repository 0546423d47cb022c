import { describe, expect, test } from 'vitest';
import { gates, reasons } from '../../src/decide/contract.ts';
import { chooseLanguage, languages } from '../../src/pages/browser/words/words.ts';
import { gateAdvice, outcomeOf, reasonNames } from '../../src/pages/browser/operator/words.ts';

const english = Object.entries(languages).find(([code]) => code === 'en')?.[1];

describe.each(Object.entries(languages))('the kiosk in %s', (code, words) => {
  test('has words for every reason and every gate, and nothing beside them', () => {
    expect(Object.keys(words.refused).toSorted()).toEqual(
      reasons.filter((reason) => reason !== 'low_quality').toSorted(),
    );
    expect(Object.keys(words.shortfalls).toSorted()).toEqual(
      [...gates.filter((gate) => gate !== 'exposure'), 'too_dark', 'too_bright'].toSorted(),
    );
  });

  test('every saying has a short title and tells in a sentence what to do', () => {
    const { accepted, idle, starting, offline, unauthorised, refused, shortfalls } = words;
    const sayings = [
      accepted,
      idle,
      starting,
      offline,
      unauthorised,
      ...Object.values({ ...refused, ...shortfalls }),
    ];
    for (const { title, advice } of sayings) {
      expect(title).toMatch(/^\p{Lu}.{1,30}[^.]$/u);
      expect(advice).toMatch(/^\p{Lu}.{8,110}\.$/u);
    }
    expect(new Set(Object.values(shortfalls).map(({ title }) => title)).size).toBe(
      Object.keys(shortfalls).length,
    );
  });

  test('is not a copy of the English', () => {
    if (code === 'en') return;
    const texts = (part: unknown): string[] =>
      typeof part === 'string' ? [part] : Object.values(part as object).flatMap(texts);
    const copied = new Set(texts(english));
    expect(texts(words).filter((text) => copied.has(text))).toEqual([]);
  });
});

test.each([
  [['de'], 'de'],
  [['de-CH', 'en'], 'de-CH'],
  [[null, 'fr-FR', 'de-AT'], 'de-AT'],
  [['DE'], 'DE'],
  [['tlh', 'constructor', ''], 'en'],
  [[], 'en'],
])('of %j the kiosk takes %s', (wanted, locale) => {
  const chosen = chooseLanguage(wanted);
  expect(chosen.locale).toBe(locale);
  expect(chosen.words).toBe(languages[locale.slice(0, 2).toLowerCase()]);
});

test('the operator has a name for every reason, and advice for every gate', () => {
  expect(Object.keys(reasonNames).toSorted()).toEqual(reasons.toSorted());
  expect(Object.keys(gateAdvice).toSorted()).toEqual(gates.toSorted());
  expect(outcomeOf({ decision: 'accepted', reason: null, gate: null })).toBe('accepted');
  expect(outcomeOf({ decision: 'rejected', reason: 'low_quality', gate: 'size' })).toBe('low quality: size');
});
