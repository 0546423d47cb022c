import { expect, test } from 'vitest';
import { calibrate, thresholdAt } from '../../src/calibrate/calibrate.ts';
import { compareAll } from '../../src/calibrate/comparisons.ts';
import type { UsablePhoto } from '../../src/calibrate/photos.ts';
import { calibrationPage } from '../../src/calibrate/page.ts';
import { mqttPatch, yamlPatch } from '../../src/calibrate/patch.ts';
import { fnmrAtFmr } from '../../src/evaluate/statistics.ts';
import { similarityOf } from '../../src/gallery/search.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { collected, crowd } from './support.ts';

const options = {
  fingerprint: `edge@sha256:${'0'.repeat(64)}`,
  fmr: 0.01,
  gallerySize: 30,
  present: { threshold: 0.44, margin: 0.05 },
};
const calibrated = (photos: readonly UsablePhoto[], changes: Partial<typeof options> = {}) =>
  calibrate(collected(photos), { ...options, ...changes, random: seededRandom(5) });

function bruteScores(photos: readonly UsablePhoto[]) {
  const pairs = photos.flatMap((a, i) => photos.slice(i + 1).map((b) => [a, b] as const));
  const scores = (same: boolean) =>
    pairs
      .filter(([a, b]) => (a.subject === b.subject) === same)
      .map(([a, b]) => similarityOf(a.embedding, b.embedding));
  return { mated: scores(true), nonMated: scores(false) };
}

test('threshold and rates are those of all comparisons, as evaluate works them out', () => {
  const photos = crowd(60, 3);
  const scores = bruteScores(photos);
  const compared = compareAll(photos);
  expect([compared.mated.length, compared.nonMatedCount]).toEqual([
    scores.mated.length,
    scores.nonMated.length,
  ]);
  for (const fmr of [0.05, 0.01, 0.001]) {
    const { threshold, fnmr } = calibrated(photos, { fmr });
    const wanted = fnmrAtFmr(scores, fmr);
    expect(threshold.value).toBeCloseTo(wanted.threshold, 6);
    expect(fnmr.value).toBeCloseTo(wanted.fnmr, 6);
    expect(threshold.interval![0]).toBeLessThan(threshold.value);
    expect(threshold.interval![1]).toBeGreaterThan(threshold.value);
  }
  expect(thresholdAt([{ similarity: 0.5 }, { similarity: 0.4 }], 2)).toBe(-1);
});

test('the table has the smallest threshold of each FMR that can be told, the wished one among them', () => {
  const photos = crowd(60, 3);
  const scores = bruteScores(photos);
  const { rates, threshold, fnmr, comparisons } = calibrated(photos, { fmr: 0.004 });
  // 15,930 comparisons tell of no rate below 1 in 15,930.
  expect(comparisons.non_mated).toBe(15_930);
  expect(rates.map(({ wished_fmr }) => wished_fmr)).toEqual([1e-2, 0.004, 1e-3, 1e-4]);
  for (const at of rates) {
    const wanted = fnmrAtFmr(scores, at.wished_fmr);
    expect(at.threshold).toBeCloseTo(wanted.threshold, 6);
    expect(at.fnmr).toBeCloseTo(wanted.fnmr, 6);
    expect(at.fmr).toBeLessThanOrEqual(at.wished_fmr);
    expect(at.fmr).toBeGreaterThan(0);
  }
  expect(rates[1]).toMatchObject({ threshold: threshold.value, fnmr: fnmr.value });
});

test('the curve and the histogram hold every comparison', () => {
  const photos = crowd(40, 3);
  const { curve, histogram, comparisons } = calibrated(photos);
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  expect([sum(histogram.mated), sum(histogram.non_mated)]).toEqual([
    comparisons.mated,
    comparisons.non_mated,
  ]);
  for (const [i, at] of curve.entries()) {
    expect(at.fmr).toBeLessThanOrEqual(curve[i - 1]?.fmr ?? 1);
    expect(at.fnmr).toBeGreaterThanOrEqual(curve[i - 1]?.fnmr ?? 0);
  }
  const scores = bruteScores(photos);
  const middle = curve[Math.floor(curve.length / 2)]!;
  const above = scores.nonMated.filter((score) => score >= middle.threshold).length;
  expect(middle.fmr).toBeCloseTo(above / scores.nonMated.length, 6);
});

test('searches are simulated where there are people for it, and estimated beyond', () => {
  const photos = crowd(100, 3);
  const { searches, warnings } = calibrated(photos, { gallerySize: 500 });
  expect(searches.map(({ size, simulated }) => [size, simulated !== null])).toEqual([
    [10, true],
    [30, true],
    [100, false],
    [300, false],
    [500, false],
  ]);
  // FPIR grows with the gallery, and is of the order of templates × FMR.
  const [ten, thirty] = searches;
  expect(thirty!.simulated!.fpir.value).toBeGreaterThan(ten!.simulated!.fpir.value);
  expect(ten!.estimated_fpir).toBeCloseTo(1 - (1 - 0.01) ** 30, 2);
  expect(ten!.simulated!.fpir.value / ten!.estimated_fpir).toBeGreaterThan(0.2);
  expect(ten!.simulated!.fpir.value / ten!.estimated_fpir).toBeLessThan(2);
  expect(warnings.join('\n')).toMatch(/A gallery of 500 people can't be drawn from 100/);
  expect(warnings.join('\n')).toMatch(
    /a stranger is accepted .* in 100 % of searches.*wish for an FMR of 7e-6\./,
  );
});

test('data that cannot support the FMR is told plainly', () => {
  const unsupported = calibrated(crowd(20, 2), { fmr: 1e-4 });
  // 190 pairs of people.
  expect(unsupported.warnings[0]).toMatch(
    /can't support an FMR of 0\.0001: 190 pairs of people.*0\.016.*246 people/,
  );
  expect(unsupported.warnings.join('\n')).toMatch(/Only 20 people have two usable photos or more/);
  const weak = calibrated(crowd(40, 2), { fmr: 0.01 });
  expect(weak.warnings[0]).toMatch(/rests on few errors: .* about 8 pairs of people .*rule of 30.*78 people/);
  const strong = calibrated(crowd(80, 2), { fmr: 0.01 });
  expect(strong.warnings.join('\n')).not.toMatch(/support|few errors|people have/);
});

test('a photo in the wrong folder is pointed out, with what it does to the threshold', () => {
  const photos = crowd(80, 3);
  const swapped = photos.map((photo, i) =>
    i === 4 ? { ...photo, embedding: photos[100]!.embedding } : photo,
  );
  const { suspects, threshold, threshold_without_suspects, subjects, warnings } = calibrated(swapped, {
    fmr: 1e-3,
  });
  expect(suspects).toContainEqual(
    expect.objectContaining({ code: 'duplicate', subject: 'p-001', other: 'p-033', file: 'p-1/1.jpg' }),
  );
  expect(suspects).toContainEqual(expect.objectContaining({ code: 'unlike_own', file: 'p-1/1.jpg' }));
  expect(threshold_without_suspects).toBeLessThan(threshold.value);
  const alike = subjects.toSorted((a, b) => (b.highest_non_mated ?? -1) - (a.highest_non_mated ?? -1));
  expect(
    alike
      .slice(0, 2)
      .map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(['p-001', 'p-033']);
  expect(warnings.join('\n')).toMatch(/look mislabelled or doubled/);
});

test('the page holds the figures, and nothing of a hostile name', () => {
  const data = calibrated(crowd(40, 3));
  const hostile = {
    file: '<script>alert(1)</script>.jpg',
    subject: 'x',
    code: 'no_face',
    gate: null,
    message: 'no <face>',
  };
  const page = calibrationPage({ ...data, failures: [hostile] }, 0);
  expect(page).toContain(`<dd>${data.threshold.value.toFixed(3)}</dd>`);
  expect(page).not.toMatch(/<script|<img|https?:\/\/(?!www\.w3\.org)/);
  expect(page).toContain('&lt;script&gt;');
  expect(page.match(/<svg/g)).toHaveLength(6);
});

test('the recommendation is a patch for the file and for the topic', () => {
  const data = calibrated(crowd(40, 3));
  const { threshold, margin } = data.patch.decision;
  // Rounded so that no more match.
  expect(threshold).toBeGreaterThanOrEqual(data.threshold.value);
  expect(threshold - data.threshold.value).toBeLessThan(0.0011);
  expect(yamlPatch(data)).toBe(`decision:\n  threshold: ${threshold}\n  margin: ${margin}\n`);
  expect(JSON.parse(mqttPatch(data))).toEqual({ rev: 1, config: { decision: { threshold, margin } } });
});
