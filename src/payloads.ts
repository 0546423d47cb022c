import { z } from 'zod';
import { manifestSchema, reportedSchema, templateSchema } from './gallery/sync/payloads.ts';
import { jsonText, type Artefact } from './lib/artefact.ts';
import { ackSchema } from './remote/ack-payload.ts';
import { cmdSchema, resSchema } from './remote/commands/payloads.ts';
import { configReportedSchema, desiredSchema } from './remote/config/payloads.ts';
import {
  alertSchema,
  checkinSchema,
  healthSchema,
  infoSchema,
  metricsSchema,
  stateSchema,
} from './telemetry/payloads.ts';

/** Every payload that the station publishes or takes, by the name of its schema file. */
export const payloadSchemas = {
  checkin: checkinSchema,
  state: stateSchema,
  info: infoSchema,
  health: healthSchema,
  metrics: metricsSchema,
  alert: alertSchema,
  ack: ackSchema,
  cmd: cmdSchema,
  res: resSchema,
  'config-desired': desiredSchema,
  'config-reported': configReportedSchema,
  'gallery-manifest': manifestSchema,
  'gallery-template': templateSchema,
  'gallery-reported': reportedSchema,
} as const;

/** The JSON Schema (2020-12) of each. Unknown fields pass: later versions add some. */
export const payloadArtefacts: readonly Artefact[] = Object.entries(payloadSchemas).map(([name, schema]) => ({
  path: `config/schemas/${name}.schema.json`,
  text() {
    const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    return jsonText({ $schema, title: `Muster ${name}`, ...rest });
  },
}));
