import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { packageRoot } from '../../src/lib/package.ts';
import { addFormats } from '../support/schemas.ts';

/** The API as its published document says it: what a client has, and a validator that is not zod. */

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly contentMediaType?: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly path: string;
  readonly method: string;
  readonly id: string;
  readonly open: boolean;
  readonly parameters: readonly Parameter[];
  readonly body: {
    readonly type: string;
    readonly properties: Readonly<Record<string, Schema>>;
    readonly required: readonly string[];
  } | null;
  /** Status, and by media type the schema. */
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>;
}

interface RawOperation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Record<string, { schema: { properties: Record<string, Schema>; required?: string[] } }>;
  };
  readonly responses: Operation['responses'];
}

export const document = JSON.parse(readFileSync(join(packageRoot, 'config/openapi.json'), 'utf8')) as {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, RawOperation>>;
};

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, raw]) => {
    const [type, content] = Object.entries(raw.requestBody?.content ?? {})[0] ?? [];
    const schema = content?.schema;
    return {
      path,
      method: method.toUpperCase(),
      id: raw.operationId,
      open: raw.security !== undefined,
      parameters: raw.parameters ?? [],
      body:
        type === undefined || schema === undefined
          ? null
          : { type, properties: schema.properties, required: schema.required ?? [] },
      responses: raw.responses,
    };
  }),
);

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addSchema(document, 'api');
const validators = new Map<string, ValidateFunction>();

const escaped = (key: string) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));

/** What is wrong with an answer by the document: its status, its media type, its schema; null where nothing is. */
export function breachOf(operation: Operation, status: number, type: string, body: unknown): string | null {
  const { path, method, responses } = operation;
  const said = `${method} ${path} answered ${status} ${type}`;
  const content = responses[status]?.content;
  if (content === undefined) return `${said}: the document has no such status`;
  if (!Object.hasOwn(content, type))
    return `${said}: the document has only ${Object.keys(content).join(', ')}`;
  if (!type.endsWith('json')) return null;
  const pointer = [
    'paths',
    path,
    method.toLowerCase(),
    'responses',
    String(status),
    'content',
    type,
    'schema',
  ];
  const reference = `api#/${pointer.map(escaped).join('/')}`;
  const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
  validators.set(reference, validate);
  return validate(body)
    ? null
    : `${said}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(body).slice(0, 500)}`;
}

/** Values of a query, a path or a form that its schema forbids, with what is wrong with each. */
export function wrongValues(schema: Schema): readonly (readonly [what: string, value: string])[] {
  const { type, minimum, maximum, pattern } = schema;
  const wrong: [string, string][] = [];
  if (type === 'integer' || type === 'number') wrong.push(['no number', 'many'], ['not finite', 'Infinity']);
  if (type === 'integer') wrong.push(['a fraction', '1.5']);
  if (minimum !== undefined) wrong.push(['below the least', String(minimum - 1)]);
  if (maximum !== undefined) wrong.push(['above the greatest', String(maximum + 1)]);
  if (schema.enum !== undefined || schema.const !== undefined) wrong.push(['another word', 'euclidean']);
  if (pattern !== undefined) wrong.push(['of other characters', 'Not an id!'], ['too long', 'a'.repeat(60)]);
  return wrong;
}
