import { forEachAlike } from './alike.ts';
import type { SubjectId, Template } from './contract.ts';
import { tableOf, type TemplateTable } from './template-table.ts';

/**
 * How far from the threshold to 1 the similarity to another subject must be before it is pointed out. A search
 * multiplies false matches by the number of subjects: among 782 people of LFW the threshold itself is passed by
 * three templates in four, and this by 0.3 %, while 95 % of the photos of one person pass it.
 */
const alikeShare = 1 / 3;

/** From here on two templates are of one photo: its JPEG of quality 50 has 0.986; the likest of LFW's different photos, 0.958. */
const samePhoto = 0.975;

export const findingCodes = ['duplicate', 'like_other', 'unlike_own', 'low_quality', 'single'] as const;
export type FindingCode = (typeof findingCodes)[number];

/** Something about a template that a person should look at: the wrong face may have been enrolled. */
export interface AuditFinding {
  /**
   * - `duplicate`: the same photo is enrolled under another subject.
   * - `like_other`: so like another subject that both may be one person.
   * - `unlike_own`: none of the subject's other templates matches it.
   * - `low_quality`: its photo fails a gate; known at the enrolment only.
   * - `single`: the subject's only template; no fault, but two or three recognise people better.
   */
  readonly code: FindingCode;
  readonly subject: SubjectId;
  readonly n: number;
  /** The other subject, with `duplicate` and `like_other`. */
  readonly other: SubjectId | null;
  /** To the subject's nearest other template, or to the other subject's nearest one; null where that doesn't matter. */
  readonly similarity: number | null;
}

/** Whether a person should look at it; the others are for information. */
export function isWarning({ code }: Pick<AuditFinding, 'code'>): boolean {
  return code !== 'single';
}

/**
 * Looks over templates: all of them, each pair of subjects once; or fresh ones, each for itself.
 *
 * @param templates every template that the gallery has, the fresh ones too
 * @param threshold similarity from which two faces match
 * @param fresh the ones to look at; null: all
 */
export function auditTemplates(
  templates: Iterable<Template>,
  threshold: number,
  fresh: readonly Pick<Template, 'subject' | 'n'>[] | null = null,
): AuditFinding[] {
  const every = [...templates];
  const [first] = every;
  if (first === undefined) return [];
  const table = tableOf(every, first.embedding.length);
  const owners = ownersOf(table);
  const labelOf = (row: number) => ({ subject: table.subjects[owners[row]!]!, n: table.numbers[row]! });
  const rowsOf = new Map(Array.from(owners, (_, row) => [nameOf(labelOf(row)), row]));
  const wanted = fresh === null ? null : fresh.flatMap((each) => rowsOf.get(nameOf(each)) ?? []);

  const matched = new Uint8Array(owners.length);
  const alike = new Map<
    string,
    { readonly row: number; readonly other: number; readonly similarity: number }
  >();
  const note = (row: number, other: number, similarity: number, key: string) => {
    if ((alike.get(key)?.similarity ?? -1) < similarity) alike.set(key, { row, other, similarity });
  };
  const limit = threshold + (1 - threshold) * alikeShare;
  forEachAlike(
    table,
    Math.min(threshold, limit),
    (a, b, similarity) => {
      const [ownerA, ownerB] = [owners[a]!, owners[b]!];
      if (ownerA === ownerB) {
        matched[a] = 1;
        matched[b] = 1;
      } else if (similarity >= limit) {
        if (wanted === null) note(a, b, similarity, `${ownerA} ${ownerB}`);
        else {
          note(a, b, similarity, `${a}`);
          note(b, a, similarity, `${b}`);
        }
      }
    },
    wanted,
  );

  const looked = wanted ?? Array.from(owners.keys());
  const isLooked = new Set(looked);
  const likeOthers = [...alike.values()]
    .filter(({ row }) => isLooked.has(row))
    .map(({ row, other, similarity }): AuditFinding => ({
      code: similarity >= samePhoto ? 'duplicate' : 'like_other',
      ...labelOf(row),
      other: labelOf(other).subject,
      similarity,
    }));
  const ownFindings = looked.flatMap((row): AuditFinding[] => {
    const [from, to] = [table.starts[owners[row]!]!, table.starts[owners[row]! + 1]!];
    const finding = { ...labelOf(row), other: null };
    if (to - from === 1) return wanted === null ? [{ ...finding, code: 'single', similarity: null }] : [];
    return matched[row] === 1
      ? []
      : [{ ...finding, code: 'unlike_own', similarity: nearestOwn(table, row, from, to) }];
  });
  return inOrder([...likeOthers, ...ownFindings]);
}

/** The gravest kind first, and of each kind by subject and n. */
export function inOrder<F extends AuditFinding>(findings: readonly F[]): F[] {
  return findings.toSorted(
    (a, b) =>
      findingCodes.indexOf(a.code) - findingCodes.indexOf(b.code) ||
      (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : a.n - b.n),
  );
}

/** The subject of each row, as its place among the subjects. */
function ownersOf({ starts, subjects, numbers }: TemplateTable): Uint32Array {
  const owners = new Uint32Array(numbers.length);
  subjects.forEach((_, index) => owners.fill(index, starts[index], starts[index + 1]));
  return owners;
}

function nearestOwn({ vectors, dimension }: TemplateTable, row: number, from: number, to: number): number {
  let nearest = -1;
  for (let other = from; other < to; other++) {
    if (other === row) continue;
    let similarity = 0;
    for (let i = 0; i < dimension; i++)
      similarity += vectors[row * dimension + i]! * vectors[other * dimension + i]!;
    nearest = Math.max(nearest, similarity);
  }
  return nearest;
}

function nameOf({ subject, n }: Pick<Template, 'subject' | 'n'>): string {
  return `${subject}/${n}`;
}
