import type { Comparisons } from './comparisons.ts';
import type { SubjectFigures } from './contract.ts';

/** The figures of each person, in the order of the data. */
export function subjectFigures(
  { subjects, photos, mated, highest, nearest }: Comparisons,
  threshold: number,
): SubjectFigures[] {
  const falseMatches = subjects.map(() => 0);
  for (const { similarity, a, b } of highest) {
    if (similarity < threshold) break;
    falseMatches[a]! += 1;
    falseMatches[b]! += 1;
  }
  const lowest = subjects.map((): number | null => null);
  const falseNonMatches = subjects.map(() => 0);
  for (const { similarity, a } of mated) {
    lowest[a] = Math.min(lowest[a] ?? 1, similarity);
    if (similarity < threshold) falseNonMatches[a]! += 1;
  }
  return subjects.map((subject, place) => {
    const { similarity, b } = nearest[place]!;
    return {
      subject,
      photos: photos[place]!,
      highest_non_mated: b === place ? null : similarity,
      nearest: b === place ? null : subjects[b]!,
      false_matches: falseMatches[place]!,
      lowest_mated: lowest[place]!,
      false_non_matches: falseNonMatches[place]!,
    };
  });
}
