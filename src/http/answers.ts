import { z } from 'zod';
import {
  alertSchema,
  checkinSchema,
  faceSchema,
  healthSchema,
  infoSchema,
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

export const cameraAnswer = z.looseObject({ available: z.boolean() });

export const boxSchema = faceSchema.shape.box;
