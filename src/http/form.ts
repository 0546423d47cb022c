import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { codeOf } from '../lib/errors.ts';
import { HttpProblem } from './problem.ts';
import { isFile } from './route.ts';

/** A text in a form is a number or a word. */
const mostFieldBytes = 1024;
/** Header lines of a part. */
const mostHeaderPairs = 16;

/**
 * The parts of a form by their names: files as bytes, the others as text, to be checked by its schema. Each part may come
 * once. No body at all is a form without fields, where none is required. Nothing is written to a disk, and no file's name is looked at.
 *
 * Throws HttpProblem `unknown_field` and `too_large` as soon as a part shows it, `invalid_field`, `bad_request`.
 */
export async function readForm(
  request: FastifyRequest,
  body: z.ZodObject,
  maxFileBytes: number,
): Promise<Record<string, unknown>> {
  if (hasNoBody(request) && body.safeParse({}).success) return {};
  if (!request.isMultipart()) {
    throw new HttpProblem('unsupported_media_type', 'the body must be a form, multipart/form-data', {
      remedy: 'With curl: -F name=value, -F name=@file.',
    });
  }
  const shape = body.shape as Record<string, z.ZodType>;
  const names = Object.keys(shape);
  const limits = {
    // One more than there can be, so that it is looked at and named.
    files: names.length,
    fields: names.length,
    parts: names.length + 1,
    fileSize: maxFileBytes,
    fieldSize: mostFieldBytes,
    fieldNameSize: 100,
    headerPairs: mostHeaderPairs,
  };
  const values: Record<string, unknown> = {};
  try {
    for await (const part of request.parts({ limits })) {
      const { fieldname: name } = part;
      const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (schema === undefined) throw unknownField(name, names);
      if (Object.hasOwn(values, name)) throw new HttpProblem('invalid_field', `${name} comes more than once`);
      if (part.type === 'file' && !isFile(schema))
        throw new HttpProblem('invalid_field', `${name} must be text, and is a file`);
      if (part.type === 'field' && part.valueTruncated)
        throw new HttpProblem('invalid_field', `${name} has more than ${mostFieldBytes} characters`);
      values[name] = part.type === 'file' ? await part.toBuffer() : part.value;
    }
  } catch (error) {
    // What is left of a refused form is read and thrown away: the connection can't take another request before.
    request.raw.unpipe();
    request.raw.resume();
    throw asProblem(error, maxFileBytes, names);
  }
  return values;
}

function hasNoBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

export function unknownField(name: string, names: readonly string[]): HttpProblem {
  const shown = JSON.stringify(name.slice(0, 60));
  const known = names.length === 0 ? 'there are none here' : `known here: ${names.join(', ')}`;
  return new HttpProblem('unknown_field', `${shown} is not a known field; ${known}`);
}

function asProblem(error: unknown, maxFileBytes: number, names: readonly string[]): unknown {
  if (error instanceof HttpProblem) return error;
  const code = codeOf(error) ?? '';
  if (code === 'FST_REQ_FILE_TOO_LARGE') {
    return new HttpProblem(
      'too_large',
      `a file has more than ${Math.round((maxFileBytes / 2 ** 20) * 10) / 10} MiB`,
      {
        remedy: 'Send a smaller photo, or raise http.limits.photo_mb.',
      },
    );
  }
  if (['FST_FILES_LIMIT', 'FST_FIELDS_LIMIT', 'FST_PARTS_LIMIT', 'FST_PROTO_VIOLATION'].includes(code))
    return new HttpProblem('unknown_field', `there are other parts than the fields ${names.join(', ')}`);
  // What is left is a body that is no form of the boundary that it names, or was cut.
  return new HttpProblem('bad_request', 'the form is malformed, or was cut short');
}
