import { z } from 'zod';
import { bridgeHealthSchema } from './bridge/payloads.ts';
import { manifestSchema, reportedSchema, templateSchema } from './gallery/sync/payloads.ts';
import { jsonText, type Artefact } from './lib/artefact.ts';
import { ackSchema } from './remote/ack-payload.ts';
import { cmdSchema, resSchema } from './remote/commands/payloads.ts';
import { commands } from './remote/commands/table.ts';
import { configReportedSchema, desiredSchema } from './remote/config/payloads.ts';
import {
  alertSchema,
  checkinSchema,
  healthSchema,
  infoSchema,
  metricsSchema,
  stateSchema,
  summarySchema,
  verificationSchema,
} from './telemetry/payloads.ts';

/** Every payload that the station publishes or takes, by the name of its schema file. */
export const payloadSchemas = {
  checkin: checkinSchema,
  state: stateSchema,
  info: infoSchema,
  health: healthSchema,
  metrics: metricsSchema,
  summary: summarySchema,
  alert: alertSchema,
  verification: verificationSchema,
  'bridge-health': bridgeHealthSchema,
  ack: ackSchema,
  cmd: cmdSchema,
  res: resSchema,
  'config-desired': desiredSchema,
  'config-reported': configReportedSchema,
  'gallery-manifest': manifestSchema,
  'gallery-template': templateSchema,
  'gallery-reported': reportedSchema,
} as const;

/**
 * What is inside the payloads of each command: `args` of `cmd/<name>`, which are refused where they have an unknown field,
 * and `data` of its answer.
 */
export const commandSchemas: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  [...commands.values()].flatMap(({ name, args, data }) => [
    [`cmd-${name}`, args.describe(`The args of the command ${name}.`)],
    [`res-${name}`, data.describe(`The data of the answer to the command ${name}.`)],
  ]),
);

/** The JSON Schema (2020-12) of each. Unknown fields of payloads pass: later versions add some. */
export const payloadArtefacts: readonly Artefact[] = Object.entries({
  ...payloadSchemas,
  ...commandSchemas,
}).map(([name, schema]) => ({
  path: `config/schemas/${name}.schema.json`,
  text() {
    const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    return jsonText({ $schema, title: `Muster ${name}`, ...rest });
  },
}));
