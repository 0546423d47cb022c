import type { Calibration } from './contract.ts';
import { rateWords } from './words.ts';

/** Below this share of photos that are usable, the photos or the gates want a look before the threshold does. */
const muchFailing = 0.1;

/** From this FPIR on, a stranger is accepted too often for most sites. */
const muchFpir = 0.05;

/**
 * What a reader must know before using the figures. Whether the data can support the wished FMR is told by the rules of ISO/IEC
 * 19795-1: with n independent trials and no error, the rate is below 3/n (rule of 3, 95 %); and 30 errors are needed to
 * know a rate to ± 30 % (rule of 30, 90 %). The comparisons of two people are not independent, so pairs of people count.
 */
export function adviceOf(data: Omit<Calibration, 'warnings'>): string[] {
  const { people, comparisons, fmr, threshold, suspects, searches, gallery_size: size } = data;
  const pairs = comparisons.pairs_of_people;
  const needed = (errors: number) => Math.ceil((1 + Math.sqrt(1 + (8 * errors) / fmr)) / 2);
  // n people make n(n − 1)/2 pairs.
  const warnings: string[] = [];
  if (pairs < 3 / fmr) {
    warnings.push(
      `These photos can't support an FMR of ${fmr}: ${count(pairs)} pairs of people tell of rates down to ${(3 / pairs).toPrecision(2)} (rule of 3). The threshold is a guess beyond that: take photos of ${count(needed(3))} people, or wish for less.`,
    );
  } else if (pairs < 30 / fmr) {
    warnings.push(
      `An FMR of ${fmr} rests on few errors: at the threshold about ${Math.max(1, Math.round(pairs * fmr))} pairs of people are confused, and 30 are needed to know the rate well (rule of 30). ${count(needed(30))} people would give them.`,
    );
  }
  if (people.subjects_with_several < 30) {
    warnings.push(
      `Only ${people.subjects_with_several} people have two usable photos or more: FNMR and the margin rest on them alone. Add photos that were taken on another day, at the door.`,
    );
  }
  if (people.fta > muchFailing * people.photos) {
    warnings.push(
      `${people.fta} of ${people.photos} photos are of no use (failure to acquire): see which gate they fail before trusting the rest.`,
    );
  }
  if (people.fte > 0)
    warnings.push(
      `${people.fte} of ${people.subjects} people have no usable photo at all (failure to enrol).`,
    );
  if (suspects.length > 0) {
    warnings.push(
      `${suspects.length} photos look mislabelled or doubled; one of them can move the threshold. Look at them, mend the folders and calibrate again.`,
    );
  }
  const asked = searches.find((each) => each.size === size);
  if (asked !== undefined && asked.simulated === null) {
    warnings.push(
      `A gallery of ${count(size)} people can't be drawn from ${count(people.subjects - people.fte)}: its FPIR is the estimate from the FMR alone.`,
    );
  }
  const fpir = asked?.simulated?.fpir.value ?? asked?.estimated_fpir ?? 0;
  if (fpir >= muchFpir) {
    const templates = size * (people.photos / Math.max(1, people.subjects));
    warnings.push(
      `In a gallery of ${count(size)} people a stranger is accepted as somebody in ${rateWords(fpir)} of searches. For about 1 %, wish for an FMR of ${(0.01 / templates).toExponential(0)}.`,
    );
  }
  if (threshold.value >= 0.9)
    warnings.push(
      'The threshold is so high that people will hardly be recognised: look at the most alike pairs.',
    );
  return warnings;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
