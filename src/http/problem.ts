import { z } from 'zod';

/**
 * Why a request is not answered as it was meant to be: a problem of RFC 9457. `code` is for programs; each is explained in
 * docs/http.md.
 */
const problems = {
  bad_request: [400, 'The request is malformed'],
  unknown_field: [400, 'There is no such field'],
  missing_field: [400, 'A field is missing'],
  invalid_field: [400, 'A field has a value that is not allowed'],
  bad_threshold: [400, 'The threshold is no cosine distance'],
  unauthorised: [401, 'The token is missing or wrong'],
  host_not_allowed: [403, 'The request names another host'],
  preview_off: [403, "The camera's picture is not shown"],
  cross_site: [403, 'The request comes from the page of another site'],
  not_found: [404, 'There is nothing here'],
  subject_unknown: [404, 'The gallery has no such subject'],
  template_unknown: [404, 'The subject has no such template'],
  method_not_allowed: [405, 'The method does not go with this address'],
  request_timeout: [408, 'The request did not arrive in time'],
  no_camera: [409, 'The station has no camera'],
  duplicate_subject: [409, 'The photo is enrolled as another subject'],
  like_other_subject: [409, 'The face is much like another subject'],
  unlike_own_subject: [409, "The face is unlike the subject's other photos"],
  gallery_fingerprint: [409, 'The gallery is of other models'],
  gallery_synced: [409, 'The gallery is published from elsewhere'],
  too_large: [413, 'The request is too large'],
  too_many_pixels: [413, 'The photo has too many pixels'],
  unsupported_media_type: [415, 'The body is of another kind'],
  not_an_image: [422, 'The file is no photo'],
  no_face: [422, 'No face was found'],
  several_faces: [422, 'There are several faces'],
  low_quality: [422, 'The photo is of poor quality'],
  template_invalid: [422, 'The file is no template'],
  template_dimension: [422, 'The template has another dimension'],
  template_fingerprint: [422, 'The template was made with other models'],
  several_subjects: [422, 'The templates are of several subjects'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The header is too large'],
  internal: [500, 'The station failed'],
  vision_failed: [500, 'The photo could not be analysed'],
  program_incomplete: [500, 'A part of the program is missing'],
  camera_failing: [503, 'The camera gives no picture'],
  overloaded: [503, 'The station is busy'],
  stopping: [503, 'The station is stopping'],
  timeout: [504, 'The photo took too long'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;
export const problemCodes = Object.keys(problems) as readonly ProblemCode[];

export const problemSchema = z
  .object({
    type: z.string().describe('A URI of the kind of problem: urn:muster:problem:<code>.'),
    title: z.string(),
    status: z.int().describe('The status of the answer.'),
    detail: z.string().describe('What is wrong this time, for a person.'),
    code: z.string().describe('The kind of problem, for programs.'),
    remedy: z.string().optional().describe('What helps.'),
  })
  .describe('A failure, as in RFC 9457.');
export type ProblemDocument = z.infer<typeof problemSchema>;

export function statusOf(code: ProblemCode): number {
  return problems[code][0];
}

export function titleOf(code: ProblemCode): string {
  return problems[code][1];
}

/** Thrown by whoever works on a request; the message is for the one who asked. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly remedy: string | undefined;
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    message: string,
    options: { remedy?: string | undefined; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'HttpProblem';
    this.code = code;
    this.remedy = options.remedy;
    this.headers = options.headers ?? {};
  }
}

export function problemDocument({ code, message, remedy }: HttpProblem): ProblemDocument {
  return {
    type: `urn:muster:problem:${code}`,
    title: titleOf(code),
    status: statusOf(code),
    detail: message,
    code,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
