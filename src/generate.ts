import { asyncapiArtefacts } from './asyncapi.ts';
import { configArtefacts } from './config/artefacts.ts';
import { openapiArtefacts } from './http/openapi.ts';
import { keepArtefacts } from './lib/keep-artefacts.ts';
import { payloadArtefacts } from './payloads.ts';

/**
 * Writes the generated files that the program itself needs: `node dist/src/generate.js`. With `--check` it writes
 * nothing, names the files that are stale, and ends with 1 when there are any.
 */
await keepArtefacts([...configArtefacts, ...payloadArtefacts, ...asyncapiArtefacts, ...openapiArtefacts]);
