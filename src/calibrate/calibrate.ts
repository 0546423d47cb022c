import { nextAfter } from '../evaluate/statistics.ts';
import { auditTemplates, isWarning } from '../gallery/audit.ts';
import { groupBy } from '../lib/group-by.ts';
import { adviceOf } from './advice.ts';
import { bootstrap, quantile, quantileInterval } from './bootstrap.ts';
import { binOf, bins, binStart, compareAll, type Comparisons, type Scored } from './comparisons.ts';
import type { Calibration, SearchRates } from './contract.ts';
import type { CollectedPhotos } from './photos.ts';
import { ratesOf, simulateSearches, type Searched } from './searches.ts';
import { subjectFigures } from './subjects.ts';

export interface CalibrationOptions {
  readonly fingerprint: string;
  /** The wished FMR, 0..0.05. */
  readonly fmr: number;
  readonly gallerySize: number;
  /** What the station uses now. */
  readonly present: { readonly threshold: number; readonly margin: number };
  /** Seeded, so that the same photos give the same report. */
  readonly random: () => number;
}

const draws = 500;
const galleries = 25;

/** The recommended margin may cost this share of rightful acceptances. */
const marginCost = 0.005;
const largestMargin = 0.15;

/** Works out the calibration of the collected photos. Needs mated and non-mated comparisons: see `adviceOf` for fewer. */
export function calibrate(
  collected: CollectedPhotos,
  { fingerprint, fmr, gallerySize, present, random }: CalibrationOptions,
): Calibration {
  const { photos, people, failures } = collected;
  const compared = compareAll(photos);
  const exact = thresholdAt(compared.highest, fmr * compared.nonMatedCount);
  const threshold = Math.max(-1, exact);
  const intervals = bootstrap(compared, { threshold, fmr }, { draws, random });

  const suspects = auditTemplates(photos, threshold)
    .filter(isWarning)
    .map((finding) => ({
      ...finding,
      file: photos.find(({ subject, n }) => subject === finding.subject && n === finding.n)?.file ?? null,
    }));
  const sizes = gallerySizes(people.subjects - people.fte, gallerySize);
  const simulations = sizes.map((size) => simulateSearches(photos, size, { galleries, random }));
  const margin = marginOf(simulations, sizes, gallerySize, threshold, random);
  const searches = sizes.map((size, i): SearchRates => {
    const simulated = simulations[i] ?? null;
    return {
      size,
      estimated_fpir:
        1 - (1 - fmrAt(compared, threshold)) ** (size * (photos.length / compared.subjects.length)),
      simulated: simulated === null ? null : ratesOf(simulated, { threshold, margin: margin.value }),
    };
  });

  const rounded = { threshold: Math.ceil(threshold * 1000) / 1000, margin: margin.value };
  const result = {
    fingerprint,
    people,
    failures,
    comparisons: {
      mated: compared.mated.length,
      non_mated: compared.nonMatedCount,
      pairs_of_people: (compared.subjects.length * (compared.subjects.length - 1)) / 2,
    },
    fmr,
    threshold: { value: threshold, interval: intervals.threshold },
    fnmr: { value: fnmrAt(compared, threshold), interval: intervals.fnmr },
    margin,
    present: {
      ...present,
      fmr: fmrAt(compared, present.threshold),
      fnmr: fnmrAt(compared, present.threshold),
    },
    threshold_without_suspects: withoutSuspects(compared, suspects, fmr),
    rates: ratesAt(compared, [...new Set([1e-2, 1e-3, 1e-4, 1e-5, 1e-6, fmr])]),
    curve: curveOf(compared),
    histogram: histogramOf(compared),
    searches,
    gallery_size: gallerySize,
    subjects: subjectFigures(compared, threshold),
    suspects,
    patch: { decision: rounded },
  };
  return { ...result, warnings: adviceOf(result) };
}

/** The smallest threshold at which no more than `allowed` of the falling scores match. */
export function thresholdAt(falling: readonly Pick<Scored, 'similarity'>[], allowed: number): number {
  // Counts are whole: what is a whole number but for a rounding error is one.
  const firstTooMany = falling[Math.floor(allowed + 1e-9)];
  return firstTooMany === undefined ? -1 : nextAfter(firstTooMany.similarity);
}

function fmrAt({ highest, nonMatedBins, nonMatedCount }: Comparisons, threshold: number): number {
  const lowestKept = highest.at(-1)?.similarity ?? 1;
  // Exact where every score above is kept, else from the bins.
  const matched =
    threshold >= lowestKept
      ? highest.filter(({ similarity }) => similarity >= threshold).length
      : nonMatedBins.subarray(binOf(threshold)).reduce((sum, count) => sum + count, 0);
  return matched / nonMatedCount;
}

function fnmrAt({ mated }: Comparisons, threshold: number): number {
  return mated.filter(({ similarity }) => similarity < threshold).length / mated.length;
}

/** The threshold without the comparisons of photos that look like another person's, or doubled. */
function withoutSuspects(
  { highest, subjects, nonMatedCount }: Comparisons,
  suspects: Calibration['suspects'],
  fmr: number,
): number | null {
  const pairs = new Set(
    suspects.flatMap(({ subject, other }) => (other === null ? [] : [subject + other, other + subject])),
  );
  if (pairs.size === 0) return null;
  const clean = highest.filter(({ a, b }) => !pairs.has(subjects[a]! + subjects[b]!));
  return thresholdAt(clean, fmr * (nonMatedCount - (highest.length - clean.length)));
}

/** Sizes to show, up to what was asked for and the data gives. */
function gallerySizes(subjects: number, wanted: number): number[] {
  const most = Math.max(wanted, 0.8 * subjects);
  const steps = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000].filter((size) => size <= most);
  return [...new Set([...steps, wanted])].toSorted((a, b) => a - b);
}

/**
 * The largest margin that costs no more than `marginCost` of rightful acceptances, in galleries of the size asked for, or the
 * nearest size that can be simulated.
 */
function marginOf(
  simulations: readonly (readonly (readonly Searched[])[] | null)[],
  sizes: readonly number[],
  wanted: number,
  threshold: number,
  random: () => number,
): Calibration['margin'] {
  const possible = sizes.flatMap((size, i) => (simulations[i] ? [{ size, galleries: simulations[i] }] : []));
  const nearest = possible.toSorted((a, b) => Math.abs(a.size - wanted) - Math.abs(b.size - wanted))[0];
  const rightful = (nearest?.galleries.flat() ?? []).filter(
    ({ enrolled, best, subject, similarity }) => enrolled && best === subject && similarity >= threshold,
  );
  if (rightful.length === 0) return { value: 0.05, interval: null, cost: 0 };
  const limited = (value: number) => Math.floor(Math.min(value, largestMargin) * 100) / 100;
  const leads = rightful.map(({ lead }) => lead);
  const value = limited(quantile(leads, marginCost));
  const groups = [...groupBy(rightful, ({ subject }) => subject).values()].map((own) =>
    own.map(({ lead }) => lead),
  );
  const interval = quantileInterval(groups, marginCost, { draws: draws / 5, random });
  return {
    value,
    interval: interval === null ? null : [limited(interval[0]), limited(interval[1])],
    cost: leads.filter((lead) => lead < value).length / leads.length,
  };
}

/** The smallest threshold of each FMR, of those that are not below one comparison. */
function ratesAt(compared: Comparisons, wished: readonly number[]): Calibration['rates'] {
  const { highest, nonMatedCount } = compared;
  return wished
    .toSorted((a, b) => b - a)
    .flatMap((wishedFmr) => {
      const allowed = wishedFmr * nonMatedCount;
      const threshold = allowed < highest.length ? thresholdAt(highest, allowed) : binAt(compared, allowed);
      const fmr = fmrAt(compared, threshold);
      return fmr === 0 ? [] : [{ wished_fmr: wishedFmr, threshold, fmr, fnmr: fnmrAt(compared, threshold) }];
    });
}

/** Beyond the scores that are kept one by one: the lower end of the last bin from which on no more than `allowed` lie. */
function binAt({ nonMatedBins }: Comparisons, allowed: number): number {
  let above = 0;
  let bin = bins;
  while (bin > 0 && above + nonMatedBins[bin - 1]! <= allowed) above += nonMatedBins[--bin]!;
  return binStart(bin);
}

/** Both rates over the thresholds from the lowest mated to the highest non-mated score, and a little beyond. */
function curveOf(compared: Comparisons): Calibration['curve'] {
  const matedBins = new Float64Array(bins);
  for (const { similarity } of compared.mated) matedBins[binOf(similarity)]! += 1;
  const step = bins / 400;
  const curve: { threshold: number; fmr: number; fnmr: number }[] = [];
  let rejectedMated = 0;
  let rejectedNonMated = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (bin % step === 0) {
      curve.push({
        threshold: binStart(bin),
        fmr: 1 - rejectedNonMated / compared.nonMatedCount,
        fnmr: rejectedMated / compared.mated.length,
      });
    }
    rejectedMated += matedBins[bin]!;
    rejectedNonMated += compared.nonMatedBins[bin]!;
  }
  return curve.filter(({ fmr, fnmr }) => fmr < 1 && fnmr < 1);
}

function histogramOf({ mated, nonMatedBins }: Comparisons): Calibration['histogram'] {
  const width = 0.02;
  const from = Array.from({ length: 100 }, (_, i) => Number((i * width - 1).toFixed(2)));
  const per = bins / from.length;
  const matedCounts = from.map(() => 0);
  for (const { similarity } of mated) matedCounts[Math.floor(binOf(similarity) / per)]! += 1;
  const nonMated = from.map((_, i) =>
    nonMatedBins.subarray(i * per, (i + 1) * per).reduce((sum, count) => sum + count, 0),
  );
  return { from, width, mated: matedCounts, non_mated: nonMated };
}
