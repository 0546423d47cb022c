import type { EmbeddedFace } from '../vision/contract.ts';
import { auditEnrolment, type EnrolmentWarning } from './audit.ts';
import type { Gallery, GalleryChange, GalleryStore, SubjectId, Template } from './contract.ts';
import type { PhotoResult } from './photo.ts';
import type { ReferencePhotos } from './reference-photos.ts';
import { changed } from './template-table.ts';

export interface RefusedPhoto {
  readonly file: string;
  readonly code: 'no_face' | 'several_faces' | Extract<PhotoResult, { ok: false }>['failure'];
  readonly message: string;
}

export interface EnrolledTemplate extends Template {
  /** The reference photo it was made of. */
  readonly file: string;
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
 * `photos` names it, one after the other.
 */
export async function enrolSubject(
  { subject, name, photos }: ReferencePhotos,
  analyse: (file: string) => Promise<PhotoResult>,
): Promise<SubjectEnrolment> {
  const templates: EnrolledTemplate[] = [];
  const refused: RefusedPhoto[] = [];
  for (const file of photos) {
    const outcome = oneFace(await analyse(file));
    if ('code' in outcome) refused.push({ file, ...outcome });
    else templates.push({ subject, n: templates.length, embedding: outcome.embedding, file });
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

export interface WrittenEnrolment {
  /** Null when nothing was written. */
  readonly revision: number | null;
  /** The templates as they are numbered in the gallery, or would be. */
  readonly templates: readonly EnrolledTemplate[];
  /** What a person should look at, with the photo that it is about. */
  readonly warnings: readonly (EnrolmentWarning & { readonly file: string })[];
}

/**
 * Writes the enrolments to the gallery in one revision, or only looks at what that would make of it.
 *
 * @param before the gallery as it was loaded; what is written is worked out anew from the one that is there then
 * @param threshold similarity from which two faces match, for the warnings
 */
export async function writeEnrolment(
  store: Pick<GalleryStore, 'apply'>,
  before: Pick<Gallery, 'list'>,
  enrolments: readonly SubjectEnrolment[],
  {
    mode,
    dryRun,
    threshold,
  }: { readonly mode: EnrolmentMode; readonly dryRun: boolean; readonly threshold: number },
): Promise<WrittenEnrolment> {
  const change = changeOf(enrolments, mode);
  const wanted = change(before);
  const files = new Map(wanted.put.map(({ subject, n, file }) => [`${subject}/${n}`, file]));
  const warnings = auditEnrolment(wanted.put, changed(before.list(), wanted), threshold).map((warning) => ({
    ...warning,
    file: files.get(`${warning.subject}/${warning.n}`) ?? '',
  }));
  if (dryRun || wanted.put.length === 0) return { revision: null, templates: wanted.put, warnings };
  let templates = wanted.put;
  const { revision } = await store.apply((base) => {
    const made = change(base);
    templates = made.put;
    return made;
  });
  return { revision, templates, warnings };
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
