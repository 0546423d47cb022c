import type { EmbeddedFace } from '../vision/contract.ts';
import type { Gate } from '../decide/contract.ts';
import { auditTemplates, inOrder, type AuditFinding, type FindingCode } from './audit.ts';
import type { Gallery, GalleryChange, GalleryStore, SubjectId, Template } from './contract.ts';
import type { PhotoResult } from './photo.ts';
import type { ReferencePhotos } from './reference-photos.ts';
import type { EnrolmentRules } from './rules.ts';
import { changed } from './template-table.ts';

export interface RefusedPhoto {
  readonly file: string;
  readonly code: 'no_face' | 'several_faces' | DoubtCode | Extract<PhotoResult, { ok: false }>['failure'];
  readonly message: string;
}

export interface EnrolledTemplate extends Template {
  /** The reference photo it was made of. */
  readonly file: string;
  /** The first gate of the station that the photo fails; null when it passes them all. */
  readonly gate: Gate | null;
}

/** What became of a subject's reference photos. */
export interface SubjectEnrolment {
  readonly subject: SubjectId;
  readonly name: string;
  readonly photos: number;
  /** Of the photos that were taken, in their order, numbered from 0. */
  readonly templates: readonly EnrolledTemplate[];
  readonly refused: readonly RefusedPhoto[];
}

/**
 * Makes one template of each reference photo that shows exactly one face. `analyse` gets each photo's path as
 * `photos` names it, one after the other. What looks doubtful in it is judged when it is written.
 */
export async function enrolSubject(
  { subject, name, photos }: ReferencePhotos,
  analyse: (file: string) => Promise<PhotoResult>,
  { gateOf }: Pick<EnrolmentRules, 'gateOf'>,
): Promise<SubjectEnrolment> {
  const templates: EnrolledTemplate[] = [];
  const refused: RefusedPhoto[] = [];
  for (const file of photos) {
    const outcome = oneFace(await analyse(file));
    if ('code' in outcome) refused.push({ file, ...outcome });
    else {
      const { embedding } = outcome;
      templates.push({ subject, n: templates.length, embedding, file, gate: gateOf(outcome) });
    }
  }
  return { subject, name, photos: photos.length, templates, refused };
}

/**
 * - `subject` (default): the subjects' new templates take the place of the old ones, so that enrolling the same photos
 *   twice gives the same gallery. A subject whose photos were all refused keeps the old ones.
 * - `add`: they are added to the old ones.
 * - `gallery`: they take the place of the whole gallery.
 */
export type EnrolmentMode = 'subject' | 'add' | 'gallery';

export interface EnrolmentChange extends GalleryChange {
  readonly put: readonly EnrolledTemplate[];
}

/** The change that an enrolment makes to a gallery. */
export function changeOf(
  enrolments: readonly SubjectEnrolment[],
  mode: EnrolmentMode,
): (base: Pick<Gallery, 'list'>) => EnrolmentChange {
  const subjects = enrolments.filter(({ templates }) => templates.length > 0);
  const put = subjects.flatMap(({ templates }) => templates);
  return (base) => {
    if (mode === 'gallery') return { remove: 'all', put };
    if (mode === 'subject') return { remove: subjects.map(({ subject }) => subject), put };
    const taken = new Map<SubjectId, number>();
    for (const { subject, n } of base.list()) taken.set(subject, n + 1);
    return {
      put: put.map((template) => ({ ...template, n: template.n + (taken.get(template.subject) ?? 0) })),
    };
  };
}

/** What may be doubtful about a new template; that it is its subject's only one is not. */
export type DoubtCode = Exclude<FindingCode, 'single'>;

/** A finding about a new template, with the photo that it is about. */
export type EnrolmentWarning = AuditFinding & {
  readonly code: DoubtCode;
  readonly file: string;
  /** The gate that the photo fails, with `low_quality`. */
  readonly gate: Gate | null;
};

export interface WrittenEnrolment {
  /** Null when nothing was written. */
  readonly revision: number | null;
  /** The templates as they are numbered in the gallery, or would be. */
  readonly templates: readonly EnrolledTemplate[];
  /** What became of the photos: with the policy `refuse`, the doubtful ones are among the refused. */
  readonly enrolments: readonly SubjectEnrolment[];
  /** What a person should look at. */
  readonly warnings: readonly EnrolmentWarning[];
}

/**
 * Writes the enrolments to the gallery in one revision, or only looks at what that would make of it. Every way of enrolling goes
 * through here.
 *
 * @param before the gallery as it was loaded; what is doubtful is judged anew where it has changed since
 */
export async function writeEnrolment(
  store: Pick<GalleryStore, 'apply'>,
  before: Pick<Gallery, 'list' | 'digest'>,
  enrolments: readonly SubjectEnrolment[],
  {
    mode,
    dryRun,
    rules,
  }: {
    readonly mode: EnrolmentMode;
    readonly dryRun: boolean;
    readonly rules: Pick<EnrolmentRules, 'threshold' | 'audit'>;
  },
): Promise<WrittenEnrolment> {
  const judge = (base: Pick<Gallery, 'list'>) => {
    const warnings = doubtsOf(base, changeOf(enrolments, mode)(base), rules);
    const taken =
      rules.audit === 'refuse' ? enrolments.map((each) => withoutDoubtful(each, warnings)) : enrolments;
    return { warnings, enrolments: taken, change: changeOf(taken, mode)(base) };
  };
  let judged = judge(before);
  let revision: number | null = null;
  if (!dryRun && judged.change.put.length > 0) {
    const written = await store.apply((base) => {
      if (mode !== 'gallery' && base.digest !== before.digest) judged = judge(base);
      return judged.change;
    });
    if (judged.change.put.length > 0) revision = written.revision;
  }
  const { change, ...outcome } = judged;
  return { revision, templates: change.put, ...outcome };
}

function doubtsOf(
  before: Pick<Gallery, 'list'>,
  change: EnrolmentChange,
  { threshold }: Pick<EnrolmentRules, 'threshold'>,
): EnrolmentWarning[] {
  const photos = new Map(change.put.map(({ subject, n, file }) => [`${subject}/${n}`, file]));
  const findings = auditTemplates(changed(before.list(), change), threshold, change.put).flatMap(
    ({ code, ...finding }): EnrolmentWarning[] => {
      const file = photos.get(`${finding.subject}/${finding.n}`) ?? '';
      return code === 'single' ? [] : [{ code, ...finding, file, gate: null }];
    },
  );
  const poor = change.put.flatMap(({ subject, n, file, gate }): EnrolmentWarning[] =>
    gate === null ? [] : [{ code: 'low_quality', subject, n, other: null, similarity: null, file, gate }],
  );
  return inOrder([...findings, ...poor]);
}

/** The enrolment of a subject without the photos that there are doubts about; the others are numbered anew. */
function withoutDoubtful(
  enrolment: SubjectEnrolment,
  warnings: readonly EnrolmentWarning[],
): SubjectEnrolment {
  // The gravest comes first, and is the one that is told.
  const doubts = new Map(warnings.toReversed().map((warning) => [warning.file, warning]));
  const refused = enrolment.templates.flatMap(({ file }): RefusedPhoto[] => {
    const doubt = doubts.get(file);
    return doubt === undefined ? [] : [{ file, code: doubt.code, message: doubtWords(doubt) }];
  });
  const templates = enrolment.templates
    .filter(({ file }) => !doubts.has(file))
    .map((template, n) => ({ ...template, n }));
  return { ...enrolment, templates, refused: [...enrolment.refused, ...refused] };
}

/** A doubt in the words of someone who enrols people, about "the photo" or the name of its file. */
export function doubtWords({ code, subject, other, similarity, gate }: EnrolmentWarning): string {
  const near = similarity === null ? '' : ` (similarity ${similarity.toFixed(2)})`;
  const words: Readonly<Record<DoubtCode, string>> = {
    duplicate: `is the same as a photo of ${other ?? ''}${near}; whose is it?`,
    like_other: `is much like ${other ?? ''}${near}; is ${subject} the same person?`,
    unlike_own: `is unlike the other photos of ${subject}${near}; is it the same person?`,
    low_quality: `fails the gate ${gate ?? ''}: a better photo will be recognised more often`,
  };
  return words[code];
}

function oneFace(result: PhotoResult): EmbeddedFace | Omit<RefusedPhoto, 'file'> {
  if (!result.ok) return { code: result.failure, message: result.message };
  const [face] = result.faces;
  if (face === undefined) return { code: 'no_face', message: 'no face was found' };
  if (result.faces.length === 1) return face;
  return {
    code: 'several_faces',
    message: `it shows ${result.faces.length} faces; whose template should it be?`,
  };
}
