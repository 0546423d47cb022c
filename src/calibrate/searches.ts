import { percentileInterval } from '../evaluate/intervals.ts';
import type { SubjectId } from '../gallery/contract.ts';
import { search } from '../gallery/search.ts';
import { tableOf } from '../gallery/template-table.ts';
import { groupBy } from '../lib/group-by.ts';
import type { SearchRates } from './contract.ts';
import type { UsablePhoto } from './photos.ts';

/** Searches of one gallery: bounds on the time that a simulation takes. */
const mostProbes = 400;

/** What one search of a simulated gallery gave. */
export interface Searched {
  readonly subject: SubjectId;
  readonly enrolled: boolean;
  readonly best: SubjectId;
  readonly similarity: number;
  /** Over the best other subject. */
  readonly lead: number;
}

/**
 * Draws galleries of `size` people from the data and searches them: for strangers, who are not among them, and for enrolled
 * people, of whom one photo is kept out as the probe. Null where too few people are left to be strangers.
 */
export function simulateSearches(
  photos: readonly UsablePhoto[],
  size: number,
  { galleries, random }: { readonly galleries: number; readonly random: () => number },
): readonly (readonly Searched[])[] | null {
  const bySubject = groupBy(photos, ({ subject }) => subject);
  const subjects = [...bySubject.keys()];
  if (size < 2 || size > 0.8 * subjects.length) return null;
  const dimension = photos[0]!.embedding.length;
  return Array.from({ length: galleries }, () => {
    const order = shuffled(subjects, random);
    const enrolled = order.slice(0, size);
    const probes = shuffled(
      enrolled.filter((subject) => bySubject.get(subject)!.length > 1),
      random,
    ).slice(0, mostProbes);
    const held = new Map(
      probes.map((subject) => {
        const own = bySubject.get(subject)!;
        return [subject, own[Math.floor(random() * own.length)]!];
      }),
    );
    const templates = enrolled.flatMap((subject) =>
      bySubject.get(subject)!.filter((photo) => photo !== held.get(subject)),
    );
    const table = tableOf(templates, dimension);
    const strangers = shuffled(
      order.slice(size).flatMap((subject) => bySubject.get(subject)!),
      random,
    ).slice(0, mostProbes);
    const look = (probe: UsablePhoto, isEnrolled: boolean): Searched => {
      const [best, next] = search(table, probe.embedding, 2);
      return {
        subject: probe.subject,
        enrolled: isEnrolled,
        best: best!.subject,
        similarity: best!.similarity,
        lead: best!.similarity - next!.similarity,
      };
    };
    return [
      ...strangers.map((probe) => look(probe, false)),
      ...[...held.values()].map((probe) => look(probe, true)),
    ];
  });
}

/** The rates of simulated searches, at a threshold and margin. */
export function ratesOf(
  galleries: readonly (readonly Searched[])[],
  { threshold, margin }: { readonly threshold: number; readonly margin: number },
): NonNullable<SearchRates['simulated']> {
  const accepted = (each: Searched) => each.similarity >= threshold && each.lead >= margin;
  const share = (searches: readonly Searched[], failed: (each: Searched) => boolean) =>
    searches.length === 0 ? null : searches.filter(failed).length / searches.length;
  const over = (enrolled: boolean, failed: (each: Searched) => boolean) => {
    const drawn = galleries.flatMap(
      (all) =>
        share(
          all.filter((each) => each.enrolled === enrolled),
          failed,
        ) ?? [],
    );
    const together = galleries.flatMap((all) => all.filter((each) => each.enrolled === enrolled));
    return { value: share(together, failed) ?? 0, interval: percentileInterval(drawn) };
  };
  return {
    galleries: galleries.length,
    fpir: over(false, accepted),
    fnir: over(true, (each) => !accepted(each) || each.best !== each.subject),
    misidentified: over(true, (each) => accepted(each) && each.best !== each.subject).value,
  };
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}
