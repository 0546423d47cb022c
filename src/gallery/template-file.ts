import { z } from 'zod';
import { MusterError } from '../lib/errors.ts';
import type { Embedding } from '../vision/contract.ts';
import type { Template } from './contract.ts';
import { subjectIdSchema } from './subject.ts';

/** How far from 1 the length of an embedding may be that other software has normalised and written as text. */
const lengthTolerance = 1e-3;
const mostNumbers = 65_536;

/**
 * The document that templates are exchanged in. Readers pass over fields they don't know.
 *
 *     {"schema": "muster-gallery/1", "fingerprint": "edge@sha256:…", "dimension": 192,
 *      "templates": [{"subject": "s-7f3a", "n": 0, "embedding": [0.0123, …]}]}
 */
const documentSchema = z
  .object({
    schema: z.literal('muster-gallery/1'),
    fingerprint: z.string().min(1),
    dimension: z.int().min(1).max(mostNumbers),
    templates: z.array(
      z.object({
        subject: subjectIdSchema,
        n: z.int().min(0).max(0xffff_ffff),
        embedding: z.array(z.number()).max(mostNumbers),
      }),
    ),
  })
  .superRefine(({ dimension, templates }, context) => {
    const seen = new Set<string>();
    for (const [index, { subject, n, embedding }] of templates.entries()) {
      const refuse = (message: string) =>
        context.addIssue({ code: 'custom', path: ['templates', index, 'embedding'], message });
      if (embedding.length !== dimension) refuse(`has ${embedding.length} numbers, not ${dimension}`);
      else if (!isUnitLength(Float32Array.from(embedding))) refuse('is not of length 1');
      if (seen.has(`${subject}/${n}`)) refuse(`is another template ${n} of ${subject}`);
      seen.add(`${subject}/${n}`);
    }
  });

export interface TemplateDocument {
  readonly fingerprint: string;
  readonly dimension: number;
  readonly templates: readonly Template[];
}

/** The document as text. Its numbers have the nine digits that a float32 needs to come back to the bit. */
export function formatTemplates(document: {
  readonly fingerprint: string;
  readonly dimension: number;
  readonly templates: Iterable<Template>;
}): string {
  const templates = Array.from(
    document.templates,
    ({ subject, n, embedding }) =>
      `  ${JSON.stringify({ subject, n }).slice(0, -1)},"embedding":[${Array.from(embedding, numberText).join()}]}`,
  );
  const head: Pick<z.input<typeof documentSchema>, 'schema' | 'fingerprint' | 'dimension'> = {
    schema: 'muster-gallery/1',
    fingerprint: document.fingerprint,
    dimension: document.dimension,
  };
  const body = templates.length === 0 ? '[]' : `[\n${templates.join(',\n')}\n]`;
  return `${JSON.stringify(head).slice(0, -1)},"templates":${body}}\n`;
}

/**
 * Reads a document that may come from anywhere. Throws the MusterError `templates_invalid` that names what is
 * wrong with it (`source` says where it came from), or `gallery_fingerprint` where it was made with other
 * models than `fingerprint`.
 */
export function parseTemplates(text: string, source: string, fingerprint: string | null): TemplateDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new MusterError('templates_invalid', `${source} is not a template file: it is no JSON`, {
      cause: error,
    });
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    throw new MusterError(
      'templates_invalid',
      `${source} is not a template file: ${describe(parsed.error)}`,
      {
        remedy: 'Write it with `muster gallery export`.',
      },
    );
  }
  if (fingerprint !== null && parsed.data.fingerprint !== fingerprint) {
    throw new MusterError(
      'gallery_fingerprint',
      `${source} was made with ${parsed.data.fingerprint}, the models in use are ${fingerprint}: their templates can't be compared`,
      { remedy: 'Enrol from the reference photos instead, with `muster enroll <folder>`.' },
    );
  }
  return {
    fingerprint: parsed.data.fingerprint,
    dimension: parsed.data.dimension,
    templates: parsed.data.templates.flatMap(({ subject, n, embedding }) => {
      const values = Float32Array.from(embedding);
      return isUnitLength(values) ? [{ subject, n, embedding: values }] : [];
    }),
  };
}

/** Nine digits, and the sign of zero that JSON.stringify would drop. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(Number(value.toPrecision(9)));
}

/** Whether the vector has length 1, which one with a number that isn't finite has not. */
export function isUnitLength(vector: Float32Array): vector is Embedding {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.abs(Math.sqrt(squares) - 1) <= lengthTolerance;
}

/** The first of what is wrong, and how much more there is. */
function describe(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return 'it is not as it should be';
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  const path = first.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text && '.'}${String(key)}`),
    '',
  );
  return `${path && `${path} `}${first.message}${more}`;
}
