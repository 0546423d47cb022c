import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { HttpProblem, problemCodes, type ProblemCode } from './problem.ts';

/** What fastify and Node say of a request before a route has it. */
const ofFastify: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'the body is too large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'the body is of a kind that is not taken here'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad_request', 'the body is empty, and must be JSON'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad_request', 'the body is no JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'the body has another length than it says'],
  FST_ERR_BAD_URL: ['bad_request', 'the address is malformed'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'a part of the address is too long'],
};

/** The problem that a client is told of; null for a bug, of which it learns nothing. */
export function problemOf(error: unknown): HttpProblem | null {
  if (error instanceof HttpProblem) return error;
  if (error instanceof MusterError && isProblemCode(error.code))
    return new HttpProblem(error.code, error.message, { remedy: error.remedy });
  const code = codeOf(error) ?? '';
  const [known, words] = ofFastify[code] ?? [];
  if (known !== undefined && words !== undefined) return new HttpProblem(known, words);
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500
    ? new HttpProblem('bad_request', messageOf(error))
    : null;
}

function isProblemCode(code: string): code is ProblemCode {
  return (problemCodes as readonly string[]).includes(code);
}
