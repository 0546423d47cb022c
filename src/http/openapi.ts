import { z } from 'zod';
import { jsonText, type Artefact } from '../lib/artefact.ts';
import { packageVersion } from '../lib/package.ts';
import { problemSchema, statusOf, titleOf, type ProblemCode } from './problem.ts';
import { isForm, type Route } from './route.ts';
import { routes } from './routes/table.ts';

/**
 * The API as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.1), made of the routes as the server checks and answers
 * them. Its schemas are JSON Schema 2020-12.
 */

export const openapiArtefacts: readonly Artefact[] = [
  { path: 'config/openapi.json', text: () => jsonText(openapiDocument()) },
];

const tags = {
  verification: 'Are these two the same person? Who is this?',
  gallery: 'The people that the station knows.',
  events: 'What the station decided.',
  station: 'How the station is.',
  access: 'Sessions of browsers.',
} as const satisfies Record<Route['tag'], string>;

/** What any request may meet; with a body, and with photos, there is more. */
const always: readonly ProblemCode[] = [
  'host_not_allowed',
  'rate_limited',
  'internal',
  'unknown_field',
  'invalid_field',
];
const ofForms: readonly ProblemCode[] = [
  'bad_request',
  'missing_field',
  'cross_site',
  'too_large',
  'unsupported_media_type',
];
const ofPhotos: readonly ProblemCode[] = ['overloaded', 'vision_failed', 'timeout'];

export function openapiDocument() {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const at = (paths[route.path] ??= {});
    at[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Muster station',
      version: packageVersion,
      description:
        'The HTTP API of a face check-in station. On loopback it asks for no token; elsewhere for `Authorization: Bearer <token>`, or the cookie that `POST /api/v1/login` sets.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }, { session: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { problem: schemaOf(problemSchema, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'muster_session' },
      },
    },
  };
}

function operation(route: Route) {
  const { id, tag, summary, description, params, query, body, answers } = route;
  const parameters = [...parametersOf('path', params), ...parametersOf('query', query)];
  return {
    operationId: id,
    tags: [tag],
    summary: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...(description === undefined ? {} : { description }),
    ...(route.open === true ? { security: [{}] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: {
              [isForm(body) ? 'multipart/form-data' : 'application/json']: {
                schema: { ...schemaOf(body, 'input'), additionalProperties: false },
              },
            },
          },
        }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
      ...problemResponses(route),
    },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined) {
  if (schema === undefined) return [];
  const json = schemaOf(schema, 'input') as {
    properties: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(json.properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || (json.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function response([description, content]: Route['answers'][number]) {
  return {
    description,
    content:
      typeof content === 'string'
        ? { [content]: { schema: { type: 'string' } } }
        : { 'application/json': { schema: schemaOf(content, 'output') } },
  };
}

/** The problems of a route by their status; those with the status of an answer stand beside it. */
function problemResponses({ problems, answers, open, heavy, body }: Route) {
  const codes = new Set([
    ...problems,
    ...always,
    ...(open === true ? [] : (['unauthorised'] as const)),
    ...(body === undefined ? [] : ofForms),
    ...(heavy === true ? ofPhotos : []),
  ]);
  const statuses = new Set([...codes].map(statusOf));
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      {
        description: [...codes]
          .filter((code) => statusOf(code) === status)
          .toSorted()
          .map((code) => `\`${code}\`: ${titleOf(code)}.`)
          .join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
        ...(answers[status] === undefined ? {} : response(answers[status])),
      },
    ]),
  );
}

/** Files are bytes, which JSON Schema can't say; numbers in a form or a query are text that reads as one. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: io === 'input' ? 'input' : 'output',
    unrepresentable: 'any',
    override({ jsonSchema }) {
      if (jsonSchema['file'] !== true) return;
      delete jsonSchema['file'];
      Object.assign(jsonSchema, { type: 'string', contentMediaType: 'application/octet-stream' });
    },
  });
  return json;
}
