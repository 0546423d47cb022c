import { expect, test } from 'vitest';
import { comparePairs, evaluate } from '../../src/evaluate/evaluate.ts';
import { dealFolds, foldedAccuracy, type Comparison } from '../../src/evaluate/folds.ts';
import { parsePairs, type Pair } from '../../src/evaluate/pairs.ts';
import type { Embedding } from '../../src/vision/contract.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';

const pair = (fileA: string, fileB: string, same: boolean): Pair => ({ fileA, fileB, same, fold: null });

/** An embedding whose similarity to that of 0° is the cosine of the angle. */
function at(degrees: number): Embedding {
  const angle = (degrees * Math.PI) / 180;
  return toUnitLength(Float32Array.of(Math.cos(angle), Math.sin(angle)));
}

const comparisons = (count: number, similarity: (index: number) => number, same: boolean): Comparison[] =>
  Array.from({ length: count }, (_, index) => ({ similarity: similarity(index), same, fold: null }));

test('a list of pairs is read, whatever the order of its columns', () => {
  const text =
    '\uFEFFsame,fold,fileB,fileA,note\r\n1,3,b.jpg,"a, b.jpg",x\r\n\r\nFALSE,4,./x/../d.jpg, c.jpg,\r\n';
  expect(parsePairs(text, 'pairs.csv')).toEqual([
    { fileA: 'a, b.jpg', fileB: 'b.jpg', same: true, fold: '3' },
    { fileA: 'c.jpg', fileB: 'd.jpg', same: false, fold: '4' },
  ]);
  expect(parsePairs('fileA,fileB,same\na,b,true', 'pairs.csv')).toMatchObject([{ same: true, fold: null }]);
});

test.each([
  ['', 'no pairs'],
  ['fileA,fileB,same,fold\na.jpg,b.jpg,1,\n', 'line 2 has no fold'],
  ['fileA,fileB,same\n', 'no pairs'],
  ['a.jpg,b.jpg,1\n', 'no pairs'],
  ['a.jpg,b.jpg,1\nc.jpg,d.jpg,0\n', 'line 2 has no fileA'],
  ['fileA,fileB\na.jpg,b.jpg\n', 'line 2 has no same'],
  ['fileA,fileB,same\na.jpg,,1\n', 'line 2 has no fileB'],
  ['fileA,fileB,same\na.jpg,b.jpg,1\na.jpg,b.jpg,maybe\n', 'line 3: same is maybe, not 1 or 0'],
  ['fileA,fileB,same\na.jpg,b.jpg\n', '2'],
  ['fileA,fileB,same\na.jpg,../b.jpg,1\n', 'line 2: ../b.jpg is not below the root folder'],
  ['fileA,fileB,same\n/etc/a.jpg,b.jpg,1\n', '/etc/a.jpg is not below'],
  ['fileA,fileB,same\nx/../../a.jpg,b.jpg,1\n', 'is not below'],
])('a wrong list is refused by name and line: %j', (text, reason) => {
  const act = () => parsePairs(text, 'pairs.csv');
  expect(act).toThrow(expect.objectContaining({ name: 'MusterError', code: 'pairs_invalid' }));
  expect(act).toThrow('pairs.csv');
  expect(act).toThrow(reason);
});

test('each photo is embedded once, and a pair with a failed photo counts as fta alone', async () => {
  const asked: string[] = [];
  const pairs = [
    pair('a', 'b', true),
    pair('a', 'c', false),
    pair('b', 'none', true),
    pair('c', 'none', false),
  ];
  const angles: Record<string, number> = { a: 0, b: 60, c: 90 };
  const compared = await comparePairs(pairs, (file) => {
    asked.push(file);
    const angle = angles[file];
    return Promise.resolve(
      angle === undefined ? { file, code: 'no_face', message: 'no face was found' } : at(angle),
    );
  });
  expect(asked).toEqual(['a', 'b', 'c', 'none']);
  expect(compared).toMatchObject({ fta: 2, photos: 4, failed: [{ file: 'none', code: 'no_face' }] });
  expect(compared.comparisons).toMatchObject([
    { same: true, similarity: expect.closeTo(0.5, 6) },
    { same: false, similarity: expect.closeTo(0, 6) },
  ]);
  expect(evaluate(compared)).toMatchObject({
    pairs: 4,
    mated: 1,
    non_mated: 1,
    photos: 4,
    fta: 2,
    auc: 1,
    eer: 0,
    // Ten folds can't be dealt of one pair of each kind.
    accuracy: null,
    accuracy_std: null,
  });
});

test('without pairs of both kinds there are no figures', async () => {
  const compared = await comparePairs([pair('a', 'b', true)], () => Promise.resolve(at(0)));
  expect(evaluate(compared)).toMatchObject({
    pairs: 1,
    fta: 0,
    accuracy: null,
    eer: null,
    auc: null,
    fnmr_at_fmr: { '0.01': null, '0.001': null },
    threshold_at_fmr: { '0.01': null, '0.001': null },
  });
});

test('folds hold equal shares of mated and non-mated pairs, in the order of the list', () => {
  const list = [
    ...comparisons(43, (index) => index, true),
    ...comparisons(60, (index) => 100 + index, false),
  ];
  const folds = dealFolds(list);
  expect(folds).toHaveLength(10);
  for (const fold of folds) {
    expect([4, 5]).toContain(fold.filter(({ same }) => same).length);
    expect(fold.filter(({ same }) => !same)).toHaveLength(6);
  }
  expect(folds[0]!.map(({ similarity }) => similarity)).toEqual([
    0, 1, 2, 3, 4, 100, 101, 102, 103, 104, 105,
  ]);
  expect(dealFolds(list)).toEqual(folds);
});

test("LFW's own order gives LFW's folds", () => {
  const list = Array.from({ length: 10 }, (_, fold) => [
    ...comparisons(30, () => fold, true),
    ...comparisons(30, () => fold, false),
  ]).flat();
  for (const [index, fold] of dealFolds(list).entries()) {
    expect(new Set(fold.map(({ similarity }) => similarity))).toEqual(new Set([index]));
  }
});

test('folds that the list names are kept', () => {
  const list = comparisons(8, (index) => index, true).map((each, index) => ({
    ...each,
    fold: `f${index % 2}`,
  }));
  expect(dealFolds(list).map((fold) => fold.map(({ similarity }) => similarity))).toEqual([
    [0, 2, 4, 6],
    [1, 3, 5, 7],
  ]);
});

test('each fold is judged at the threshold of the others', () => {
  // Nine folds lie apart at 0.5; one fold's mated pair scores 0.4, which only its own threshold would take.
  const list = [
    ...comparisons(10, (index) => (index === 0 ? 0.4 : 0.8), true),
    ...comparisons(10, () => 0.2, false),
  ];
  const folded = foldedAccuracy(list)!;
  expect(folded.folds[0]).toMatchObject({ accuracy: 0.5, threshold: 0.5, pairs: 2 });
  expect(folded.folds.slice(1).map(({ accuracy }) => accuracy)).toEqual(Array.from({ length: 9 }, () => 1));
  expect(folded.accuracy).toBeCloseTo(0.95);
  expect(folded.deviation).toBeCloseTo(0.15);
  expect(foldedAccuracy(list.slice(0, 12))).toBeNull();
});
