import { z } from 'zod';
import { compareAnswer, matchAnswer } from '../answers.ts';
import { withFaces, withOneFace } from '../photos.ts';
import { file, json, route, type RouteContext } from '../route.ts';
import { readTemplate } from '../template.ts';
import { answerVerification, type Reference } from '../verification.ts';
import type { EmbeddedFace } from '../../vision/contract.ts';

/**
 * The API of the project that Muster descends from, for its clients: the same addresses, fields and keys. What it did not have
 * is beside them.
 */

const threshold = z.coerce
  .number()
  .min(0)
  .max(2)
  .optional()
  .describe("Cosine distance below which faces match, 0..2. Default: the pack's own.");
const type = z.literal('cosine').default('cosine').describe('The only measure there is.');
const sample = file('Photo to compare with it. Each of its faces is compared; the nearest decides.');
const options = { threshold, type };

const twoPhotos = z.object({
  reference: file('Photo of one person.'),
  sample,
  ...options,
});

const problems = ['bad_threshold', 'not_an_image', 'too_many_pixels', 'no_face', 'several_faces'] as const;
const description =
  'The score is the cosine distance, 1 − similarity: 0 is the same, and below the threshold is a match. A check-in is not made of it; it is told on the topic `verification`.';

const matchRoute = {
  method: 'POST',
  tag: 'verification',
  heavy: true,
  body: twoPhotos,
  answers: { 200: ['Whether they are one person, match or not.', matchAnswer] },
  problems,
  handle: async ({ body }: { body: z.output<typeof twoPhotos> }, context: RouteContext) =>
    json(await compareTwo(body, context, false, () => ({}))),
} as const;

export const photoMatch = route({
  ...matchRoute,
  id: 'photoMatch',
  path: '/photo_match',
  summary: 'tells whether two photos show the same person',
  description,
});

export const identity = route({
  ...matchRoute,
  id: 'identity',
  path: '/identity',
  summary: 'the older name of /photo_match',
});

export const cachedData = route({
  id: 'cachedData',
  method: 'POST',
  path: '/cached_data',
  tag: 'verification',
  heavy: true,
  summary: 'tells whether a photo shows the person of a template',
  description:
    'A template is what `muster gallery export` writes for one subject (JSON), or one vector as raw little-endian float32, .npy, or a .pt file of a plain tensor; nothing of a file is executed. Only the JSON says which models made it: the others are believed, and must have the length of those in use.',
  body: z.object({ reference: file('The template.'), sample, ...options }),
  answers: { 200: ['Whether it is the person, match or not.', matchAnswer] },
  problems: [
    'bad_threshold',
    'not_an_image',
    'too_many_pixels',
    'no_face',
    'template_invalid',
    'template_dimension',
    'template_fingerprint',
    'several_subjects',
  ],
  async handle({ body }, context) {
    const { station, analyse } = context;
    const startedAt = station.clock.monotonic();
    const reference: Reference = {
      kind: 'template',
      embeddings: readTemplate(body.reference, station.model),
      photo: null,
    };
    const seen = withFaces(await analyse({ photo: body.sample }), 'sample');
    const request = { reference, sample: seen, threshold: body.threshold, startedAt };
    return json(answerVerification(request, context, () => ({})));
  },
});

export const compare = route({
  id: 'compare',
  method: 'POST',
  path: '/api/v1/compare',
  tag: 'verification',
  heavy: true,
  summary: 'compares two photos, and shows what was seen in them',
  description: `As \`/photo_match\`, and of each face the landmarks, the quality, and the aligned crop that was embedded. ${description}`,
  body: twoPhotos,
  answers: { 200: ['What was seen, match or not.', compareAnswer] },
  problems,
  handle: async ({ body }, context) => json(await compareTwo(body, context, true, detail)),
});

async function compareTwo<M extends object>(
  body: z.output<typeof twoPhotos>,
  context: RouteContext,
  crop: boolean,
  more: (face: EmbeddedFace) => M,
) {
  const { station, analyse } = context;
  const startedAt = station.clock.monotonic();
  const photo = withOneFace(await analyse({ photo: body.reference, crop }), 'reference');
  const reference: Reference = { kind: 'photo', embeddings: [photo.faces[0].embedding], photo };
  const seen = withFaces(await analyse({ photo: body.sample, crop }), 'sample');
  return answerVerification({ reference, sample: seen, threshold: body.threshold, startedAt }, context, more);
}

function detail({ landmarks, quality, crop }: EmbeddedFace) {
  const image = Buffer.from(crop ?? []).toString('base64');
  return { landmarks, quality, crop: `data:image/png;base64,${image}` };
}
