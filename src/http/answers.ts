import { z } from 'zod';
import { gates } from '../decide/contract.ts';
import {
  alertSchema,
  cameraSchema,
  checkinSchema,
  faceSchema,
  healthSchema,
  infoSchema,
  latencySchema,
  metricsSchema,
  stationStates,
} from '../telemetry/payloads.ts';

/** What the routes answer, as schemas: the OpenAPI document is made of them, and the tests hold the answers to them. */

export const healthAnswer = z.object({
  state: z.enum(stationStates),
  since: z.iso.datetime({ precision: 3 }),
  health: healthSchema.nullable().describe('As it was last measured: every `telemetry.health_s`.'),
  alerts: z.array(alertSchema).describe('What is wrong now.'),
});

export const infoAnswer = infoSchema;
export const metricsAnswer = metricsSchema;
export const alertsAnswer = z.object({ alerts: z.array(alertSchema) });

export const configAnswer = z.object({
  fields: z.array(
    z.object({
      name: z.string(),
      value: z.unknown().describe('*** for a secret that is set.'),
      origin: z
        .string()
        .describe('default, the line of the file, the variable of the environment, or config/desired.'),
      remote: z.boolean().describe('Whether it may be changed over MQTT.'),
      secret: z.boolean(),
      description: z.string(),
      allowed: z.string().describe('The allowed values in words.'),
    }),
  ),
});

export const eventsAnswer = z.object({
  events: z
    .array(checkinSchema.omit({ replayed: true }))
    .describe('The newest first. Whether an event is a replay is a matter of its delivery over MQTT.'),
});

export const logAnswer = z.object({
  lines: z
    .array(z.looseObject({ level: z.int(), time: z.string(), msg: z.string().optional() }))
    .describe('The oldest first. Levels are those of pino: 30 info, 40 warn, 50 error.'),
});

export const galleryAnswer = z.object({
  name: z.string(),
  rev: z.int().describe('The revision.'),
  digest: z.string().describe('SHA-256 of the templates.'),
  fingerprint: z.string().describe('Of the models that made the templates.'),
  subjects: z.int(),
  templates: z.int(),
});

export const subjectsAnswer = z.object({
  subjects: z.array(
    z.object({ subject: z.string(), templates: z.array(z.int()).describe('Their numbers.') }),
  ),
});

export const cameraAnswer = z.object({
  available: z.boolean(),
  preview: z.boolean().describe('Whether this client may see its picture.'),
  status: cameraSchema.nullable().describe('As in `health`, of this moment; null without a camera.'),
});

const point = z.tuple([z.number(), z.number()]);
const { box, probability, quality } = faceSchema.shape;
const seenFace = z.object({ box, probability });
const distance = z.number().min(0).max(2).describe('Cosine distance to the reference: 1 − similarity.');
const similarity = z.number().min(-1).max(1).describe('Cosine similarity to the reference.');

/** In the keys of the project that Muster descends from, and more. */
export const matchAnswer = z.object({
  match_status: z.union([z.literal(1), z.literal(0)]).describe('1: a match.'),
  score: z.number().min(0).max(2).describe('Cosine distance of the nearest face, three decimals.'),
  score_type: z.literal('cosine'),
  score_threshold: z.number().describe('The score must be below it.'),
  'inferencing_latency(ms)': z.number().describe('From the whole request to the answer.'),
  similarity,
  model: z.string().describe('Fingerprint of the models and the preprocessing.'),
  latency_ms: latencySchema.describe('Of both photos together.'),
  reference: seenFace.nullable().describe('The face of the reference; null for a template.'),
  faces: z
    .array(seenFace.extend({ distance, similarity }))
    .min(1)
    .describe('The faces of the sample, the nearest first.'),
});

const shownFace = seenFace.extend({
  landmarks: z
    .array(point)
    .length(5)
    .describe('Left eye, right eye, nose, left and right corner of the mouth.'),
  quality,
  crop: z.string().describe('The aligned crop that was embedded: a PNG as a data URL.'),
});

export const compareAnswer = matchAnswer.extend({
  reference: shownFace,
  faces: z.array(shownFace.extend({ distance, similarity })).min(1),
});

export const identifyAnswer = checkinSchema
  .pick({
    decision: true,
    reason: true,
    gate: true,
    subject: true,
    similarity: true,
    match_pct: true,
    threshold: true,
    margin: true,
    faces: true,
    faces_total: true,
    pad: true,
    latency_ms: true,
    model: true,
    gallery_rev: true,
  })
  .extend({
    subjects: z
      .array(z.string())
      .describe('Everybody accepted; with decision.policy: every there may be several.'),
  });

export const enrolmentAnswer = z.object({
  subject: z.string(),
  n: z.int().describe('The number of the template within its subject.'),
  revision: z.int().nullable().describe('Of the gallery that has it; null for a dry run.'),
  face: seenFace.extend({
    landmarks: shownFace.shape.landmarks,
    quality,
    failed_gate: z.enum(gates).nullable().describe('The gate that the face would fail at the door.'),
  }),
  warnings: z
    .array(
      z.object({
        code: z.string().describe('unlike_own, like_other, duplicate: see docs/http.md.'),
        other: z.string().nullable().describe('The other subject.'),
        similarity: z.number(),
      }),
    )
    .describe('What a person should look at: the wrong face may have been enrolled.'),
});

export const removalAnswer = z.object({ revision: z.int().describe('Of the gallery without it.') });
