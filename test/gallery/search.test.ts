import { expect, test } from 'vitest';
import type { Match, Template } from '../../src/gallery/contract.ts';
import { search, similarityOf } from '../../src/gallery/search.ts';
import { tableOf } from '../../src/gallery/template-table.ts';
import type { Embedding } from '../../src/vision/contract.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { randomEmbedding, seededRandom, subject, templates } from './support.ts';

/** Every template compared, the plainest way, and everything sorted. */
function oracle(all: readonly Template[], probe: Embedding, count: number): Match[] {
  const best = new Map<string, number>();
  for (const { subject: id, embedding } of all) {
    let sum = 0;
    for (const [index, value] of probe.entries()) sum += value * embedding[index]!;
    best.set(id, Math.max(best.get(id) ?? -1, sum));
  }
  return Array.from(best, ([id, similarity]) => ({ subject: subject(id), similarity }))
    .toSorted((a, b) => b.similarity - a.similarity || (a.subject < b.subject ? -1 : 1))
    .slice(0, count);
}

/** Similarities are equal but for the order in which their products were added up. */
const rounded = (matches: readonly Match[]) =>
  matches.map(({ subject: id, similarity }) => [id, similarity.toFixed(10)]);

test.each([1, 2, 3, 10, 127, 128, 500])(
  'finds what comparing with every template finds, count %i',
  (count) => {
    const random = seededRandom(7);
    for (const length of [1, 3, 4, 5, 192]) {
      const all = templates(384, { each: 3, length, seed: length });
      const table = tableOf(all, length);
      for (let round = 0; round < 5; round += 1) {
        const probe = randomEmbedding(random, length);
        // With one dimension all similarities are 1 or −1: the order is by subject alone.
        expect(rounded(search(table, probe, count))).toEqual(rounded(oracle(all, probe, count)));
      }
    }
  },
);

test('finds the nearest among near ones', () => {
  const random = seededRandom(3);
  const centre = randomEmbedding(random, 64);
  const near = (spread: number) => toUnitLength(centre.map((value) => value + (random() - 0.5) * spread));
  const all = Array.from({ length: 300 }, (_, index) => ({
    subject: subject(`s-${index % 50}`),
    n: Math.floor(index / 50),
    embedding: near(1e-3),
  }));
  const table = tableOf(all, 64);
  for (let round = 0; round < 10; round += 1) {
    const probe = near(1e-3);
    expect(rounded(search(table, probe, 5))).toEqual(rounded(oracle(all, probe, 5)));
  }
});

test('orders equal similarities by subject', () => {
  const [one, other] = templates(2, { seed: 5 }).map((template) => template.embedding);
  const all = ['d', 'b', 'e', 'a', 'c'].map((id) => ({
    subject: subject(id),
    n: 0,
    embedding: id === 'e' ? one! : other!,
  }));
  const ids = (count: number) => search(tableOf(all, 16), one!, count).map((match) => match.subject);
  expect(ids(2)).toEqual(['e', 'a']);
  expect(ids(4)).toEqual(['e', 'a', 'b', 'c']);
  expect(ids(9)).toEqual(['e', 'a', 'b', 'c', 'd']);
});

test('takes the nearest template of a subject and lists the subject once', () => {
  const [probe, far] = templates(2).map((template) => template.embedding);
  const all = [far!, probe!, far!].map((embedding, n) => ({ subject: subject('one'), n, embedding }));
  const matches = search(tableOf(all, 16), probe!, 3);
  expect(matches).toHaveLength(1);
  expect(matches[0]!.similarity).toBeCloseTo(1, 6);
});

test('an empty gallery and a count of none give nothing', () => {
  const [probe] = templates(1).map((template) => template.embedding);
  expect(search(tableOf([], 16), probe!, 3)).toEqual([]);
  expect(search(tableOf(templates(4), 16), probe!, 0)).toEqual([]);
});

test('similarities stay within −1 and 1', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round += 1) {
    const embedding = randomEmbedding(random, 192);
    const opposite = toUnitLength(embedding.map((value) => -value));
    const table = tableOf([{ subject: subject('one'), n: 0, embedding }], 192);
    for (const similarity of [
      search(table, embedding, 1)[0]!.similarity,
      similarityOf(embedding, embedding),
    ]) {
      expect(similarity).toBeLessThanOrEqual(1);
      expect(similarity).toBeCloseTo(1, 6);
    }
    expect(search(table, opposite, 1)[0]!.similarity).toBeGreaterThanOrEqual(-1);
    expect(similarityOf(embedding, opposite)).toBeGreaterThanOrEqual(-1);
  }
});

test('a probe of another length is a bug, not an answer', () => {
  const [short] = templates(1, { length: 8 }).map((template) => template.embedding);
  expect(() => search(tableOf(templates(3), 16), short!, 1)).toThrow(RangeError);
  expect(() => tableOf(templates(3), 8)).toThrow(/16 numbers, not 8/);
});
