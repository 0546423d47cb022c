import type { SubjectId, Template } from './contract.ts';
import { search, similarityOf } from './search.ts';
import { tableOf } from './template-table.ts';

/**
 * How far from the threshold to 1 the similarity to another subject must be before it is pointed out. A search
 * multiplies false matches by the number of subjects: among 782 people of LFW the threshold itself is passed by
 * three templates in four, and this by 0.3 %, while 95 % of the photos of one person pass it.
 */
const alikeShare = 1 / 3;

/** Something about a new template that a person should look at: the wrong face may have been enrolled. */
export interface EnrolmentWarning {
  readonly code: 'unlike_own' | 'like_other';
  readonly subject: SubjectId;
  readonly n: number;
  /** The other subject, with `like_other`. */
  readonly other: SubjectId | null;
  /** To the subject's nearest other template, or to the other subject's nearest one. */
  readonly similarity: number;
}

/**
 * Looks over new templates: one that none of its subject's others matches (`unlike_own`), and one that is so like
 * another subject's that both may be one person (`like_other`).
 *
 * @param fresh the new templates
 * @param all every template that the gallery has after the enrolment, the new ones too
 * @param threshold similarity from which two faces match
 */
export function auditEnrolment(
  fresh: readonly Template[],
  all: Iterable<Template>,
  threshold: number,
): EnrolmentWarning[] {
  const [first] = fresh;
  if (first === undefined) return [];
  const every = [...all];
  const alike = threshold + (1 - threshold) * alikeShare;
  const table = tableOf(every, first.embedding.length);
  const bySubject = new Map<SubjectId, Template[]>();
  for (const template of every) {
    bySubject.set(template.subject, [...(bySubject.get(template.subject) ?? []), template]);
  }
  return fresh.flatMap(({ subject, n, embedding }) => {
    const warnings: EnrolmentWarning[] = [];
    const own = (bySubject.get(subject) ?? []).filter((each) => each.n !== n);
    const nearestOwn = Math.max(...own.map((each) => similarityOf(each.embedding, embedding)));
    if (own.length > 0 && nearestOwn < threshold) {
      warnings.push({ code: 'unlike_own', subject, n, other: null, similarity: nearestOwn });
    }
    const other = search(table, embedding, 2).find((match) => match.subject !== subject);
    if (other !== undefined && other.similarity >= alike) {
      warnings.push({ code: 'like_other', subject, n, other: other.subject, similarity: other.similarity });
    }
    return warnings;
  });
}
