import { z } from 'zod';
import { jsonText, type Artefact } from '../lib/artefact.ts';
import { payloadSchemas } from './payloads.ts';

/** The JSON Schema (2020-12) of every payload that the station publishes. Unknown fields pass: later versions add some. */
export const payloadArtefacts: readonly Artefact[] = Object.entries(payloadSchemas).map(([name, schema]) => ({
  path: `config/schemas/${name}.schema.json`,
  text() {
    const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    return jsonText({ $schema, title: `Muster ${name}`, ...rest });
  },
}));
