import { expect, test } from 'vitest';
import { forEachAlike } from '../../src/gallery/alike.ts';
import { auditTemplates } from '../../src/gallery/audit.ts';
import type { Template } from '../../src/gallery/contract.ts';
import { similarityOf } from '../../src/gallery/search.ts';
import { tableOf, templatesOf } from '../../src/gallery/template-table.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { dimension, subject } from './support.ts';

/** Subjects with templates around a direction of their own; every tenth is near the one before. */
function crowd(subjects: number, seed: number): Template[] {
  const random = seededRandom(seed);
  const direction = () => Float32Array.from({ length: dimension }, () => random() + random() - 1);
  let own = direction();
  return Array.from({ length: subjects }, (_, index) => {
    if (index % 10 !== 0) own = direction();
    const centre = own;
    return Array.from({ length: 1 + (index % 3) }, (__, n): Template => {
      const noise = direction();
      const embedding = toUnitLength(centre.map((value, i) => value + 0.45 * noise[i]!));
      return { subject: subject(`s-${index}`), n, embedding };
    });
  }).flat();
}

test.each([0.2, 0.44, 0.63, 0.9])('every pair from %d on is found, and no other', (least) => {
  const table = tableOf(crowd(120, 1), dimension);
  const rows = [...templatesOf(table)];
  const wanted = [0, 7, 100, 200];
  const brute = (from: readonly number[] | null) =>
    rows.flatMap((a, i) =>
      rows.flatMap((b, j) => {
        const asked = from === null || from.includes(i) || from.includes(j);
        return j > i && asked && similarityOf(a.embedding, b.embedding) >= least ? [`${i} ${j}`] : [];
      }),
    );
  for (const from of [null, wanted]) {
    const found: string[] = [];
    forEachAlike(table, least, (a, b) => found.push(a < b ? `${a} ${b}` : `${b} ${a}`), from);
    expect(found.toSorted()).toEqual(brute(from).toSorted());
  }
});

test('a sound gallery has nothing to look at but its single templates', () => {
  const sound = crowd(9, 2);
  expect(auditTemplates([], 0.44)).toEqual([]);
  expect(auditTemplates(sound, 0.44).map(({ code, subject: id }) => [code, id])).toEqual([
    ['single', 's-0'],
    ['single', 's-3'],
    ['single', 's-6'],
  ]);
});

test('each pair of subjects is told once, with its most similar templates', () => {
  const [a, b, c] = crowd(3, 3).filter(({ n }) => n === 0);
  const between = toUnitLength(a!.embedding.map((value, i) => value + 0.9 * b!.embedding[i]!));
  const gallery: Template[] = [
    { ...a!, n: 0 },
    { ...a!, n: 1, embedding: between },
    { ...b!, n: 0 },
    { ...b!, n: 1 },
    { ...c!, n: 0 },
    { ...c!, n: 1, embedding: a!.embedding },
  ];
  const [first, second, ...own] = auditTemplates(gallery, 0.44);
  expect(first).toMatchObject({ code: 'duplicate', subject: 's-0', n: 0, other: 's-2' });
  expect(first!.similarity).toBeCloseTo(1, 6);
  expect(second).toMatchObject({ code: 'like_other', subject: 's-0', n: 1, other: 's-1' });
  // The subjects c has two photos that are not of one person.
  expect(own.map(({ code, subject: id, n }) => [code, id, n])).toEqual([
    ['unlike_own', 's-2', 0],
    ['unlike_own', 's-2', 1],
  ]);
});
