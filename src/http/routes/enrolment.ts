import { z } from 'zod';
import { failedGate } from '../../decide/gates.ts';
import {
  doubtWords,
  writeEnrolment,
  type DoubtCode,
  type EnrolmentWarning,
  type SubjectEnrolment,
} from '../../gallery/enroll.ts';
import { subjectIdSchema } from '../../gallery/subject.ts';
import { round } from '../../lib/round.ts';
import { enrolmentAnswer, removalAnswer } from '../answers.ts';
import { newestFrame } from '../camera-frame.ts';
import type { HttpTarget } from '../contract.ts';
import { withOneFace } from '../photos.ts';
import { HttpProblem, type ProblemCode } from '../problem.ts';
import { file, json, route } from '../route.ts';

const problemsOfDoubts: Readonly<Record<DoubtCode, ProblemCode>> = {
  duplicate: 'duplicate_subject',
  like_other: 'like_other_subject',
  unlike_own: 'unlike_own_subject',
  low_quality: 'low_quality',
};

/** Who is enrolled by the camera stands before it now: an older picture may show who was there before, ms. */
const freshMs = 3_000;

const subject = subjectIdSchema.describe('The pseudonymous id: 1 to 32 of the characters a-z, 0-9 and -.');

export const enrol = route({
  id: 'enrol',
  method: 'POST',
  path: '/api/v1/subjects/{subject}/templates',
  tag: 'gallery',
  heavy: true,
  summary: 'enrols a photo of a subject, or what the camera sees now, as one template more',
  description:
    'The photo must show one face; with `source=camera` it is the newest picture of the station’s camera, at most three seconds old, and no body is sent. What a person should look at is told: a gate that the face would fail at the door, and warnings that it is unlike the subject’s other photos, like another subject, or enrolled as another one. With `gallery.audit: refuse`, or `doubts=refuse`, such a photo is a problem, also for a dry run, and is not enrolled. The station takes the new revision up at once.',
  params: z.object({ subject }),
  query: z.object({
    source: z.enum(['photo', 'camera']).default('photo').describe('Where the photo comes from.'),
    dry_run: z.enum(['true', 'false']).default('false').describe('Only tell what would become of it.'),
    doubts: z
      .literal('refuse')
      .optional()
      .describe('Refuses a photo that there are doubts about, whatever gallery.audit says.'),
  }),
  body: z.object({ photo: file('Reference photo, of one person. Left out with source=camera.').optional() }),
  answers: {
    200: ['What would become of it (dry_run).', enrolmentAnswer],
    201: ['It is enrolled.', enrolmentAnswer],
  },
  problems: [
    'not_an_image',
    'too_many_pixels',
    'no_face',
    'several_faces',
    'duplicate_subject',
    'like_other_subject',
    'unlike_own_subject',
    'low_quality',
    'no_camera',
    'camera_failing',
    'gallery_synced',
    'gallery_fingerprint',
  ],
  async handle({ params, query, body }, { station, analyse }) {
    const dryRun = query.dry_run === 'true';
    if (!dryRun) refuseWhereSynced(station);
    const photo = photoOf(query.source, body.photo, station);
    const { faces } = withOneFace(await analyse({ photo }), query.source, remedyOf(query.source));
    const [face] = faces;
    const { gates, threshold } = station.policy();
    const gate = failedGate(face, gates);
    const template = { subject: params.subject, n: 0, embedding: face.embedding, file: 'photo', gate };
    const enrolment: SubjectEnrolment = {
      subject: params.subject,
      name: params.subject,
      photos: 1,
      templates: [template],
      refused: [],
    };
    const audit = query.doubts ?? station.galleryAudit;
    const written = await writeEnrolment(station.galleryStore, station.gallery(), [enrolment], {
      mode: 'add',
      dryRun,
      rules: { threshold, audit },
    });
    // Of one photo; the gravest doubt comes first.
    const [doubt] = written.warnings;
    if (audit === 'refuse' && doubt !== undefined) throw refusalOf(doubt);
    const { box, landmarks, probability, quality } = face;
    const answer = {
      subject: params.subject,
      n: written.templates[0]?.n,
      revision: written.revision,
      face: { box, landmarks, probability, quality, failed_gate: gate },
      // Poor quality is told by the gate.
      warnings: written.warnings.flatMap(({ code, other, similarity }) =>
        similarity === null ? [] : [{ code, other, similarity: round(similarity, 4) }],
      ),
    };
    return json(answer, dryRun ? 200 : 201);
  },
});

export const removeSubject = route({
  id: 'removeSubject',
  method: 'DELETE',
  path: '/api/v1/subjects/{subject}',
  tag: 'gallery',
  summary: 'removes a subject with all templates',
  params: z.object({ subject }),
  answers: { 200: ['The subject is gone.', removalAnswer] },
  problems: ['subject_unknown', 'gallery_synced', 'gallery_fingerprint', 'cross_site'],
  async handle({ params }, { station }) {
    refuseWhereSynced(station);
    const { revision } = await station.galleryStore.apply((base) => {
      if (![...base.list()].some((template) => template.subject === params.subject))
        throw unknownSubject(params.subject);
      return { remove: [params.subject] };
    });
    return json({ revision });
  },
});

export const removeTemplate = route({
  id: 'removeTemplate',
  method: 'DELETE',
  path: '/api/v1/subjects/{subject}/templates/{n}',
  tag: 'gallery',
  summary: 'removes one template of a subject',
  description: 'The others keep their numbers. A subject without templates is gone.',
  params: z.object({ subject, n: z.coerce.number().int().min(0).max(0xffff_ffff) }),
  answers: { 200: ['The template is gone.', removalAnswer] },
  problems: ['subject_unknown', 'template_unknown', 'gallery_synced', 'gallery_fingerprint', 'cross_site'],
  async handle({ params }, { station }) {
    refuseWhereSynced(station);
    const { revision } = await station.galleryStore.apply((base) => {
      const own = [...base.list()].filter((template) => template.subject === params.subject);
      if (own.length === 0) throw unknownSubject(params.subject);
      const left = own.filter(({ n }) => n !== params.n);
      if (left.length === own.length)
        throw new HttpProblem('template_unknown', `${params.subject} has no template ${params.n}`);
      return { remove: [params.subject], put: left };
    });
    return json({ revision });
  },
});

/** Why a photo is not enrolled where `gallery.audit` refuses doubtful ones. */
function refusalOf(doubt: EnrolmentWarning): HttpProblem {
  return new HttpProblem(problemsOfDoubts[doubt.code], `the photo ${doubtWords(doubt)}`, {
    remedy:
      'Take another photo, or the right subject. With `gallery.audit: warn`, and without doubts=refuse, a doubtful photo is enrolled all the same.',
  });
}

/** Where there are several people. */
function remedyOf(source: 'photo' | 'camera'): string | undefined {
  return source === 'camera' ? 'Only one person may stand before the camera.' : undefined;
}

/** The bytes to analyse, whose memory may be taken over. */
function photoOf(source: 'photo' | 'camera', photo: Uint8Array | undefined, station: HttpTarget): Uint8Array {
  if (source === 'camera') {
    if (photo !== undefined)
      throw new HttpProblem('invalid_field', 'photo: comes beside source=camera; send one of the two');
    // A copy, as the newest frame may be asked for by others.
    return new Uint8Array(newestFrame(station, freshMs).jpeg);
  }
  if (photo !== undefined) return photo;
  throw new HttpProblem('missing_field', 'photo is missing', {
    remedy: 'With curl: -F photo=@file. The station’s camera is asked for with source=camera.',
  });
}

function unknownSubject(id: string): HttpProblem {
  return new HttpProblem('subject_unknown', `${id} is not in the gallery`);
}

/** The next look at the broker would undo it. */
function refuseWhereSynced({ gallerySynced }: HttpTarget): void {
  if (!gallerySynced) return;
  throw new HttpProblem('gallery_synced', 'the gallery of this station is published at the broker', {
    remedy: 'Enrol where it is published, with `muster enroll` and `muster gallery publish`.',
  });
}
