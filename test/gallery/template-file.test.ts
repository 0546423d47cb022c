import { expect, test } from 'vitest';
import { formatTemplates, parseTemplates } from '../../src/gallery/template-file.ts';
import type { Embedding } from '../../src/vision/contract.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { dimension, fingerprint, subject, templates } from './support.ts';

const written = (changes: Record<string, unknown> = {}, template: Record<string, unknown> = {}) => {
  const embedding = [1, ...Array.from({ length: dimension - 1 }, () => 0)];
  const one = { subject: 'one', n: 0, embedding, ...template };
  return JSON.stringify({ schema: 'muster-gallery/1', fingerprint, dimension, templates: [one], ...changes });
};
const parse = (text: string) => parseTemplates(text, 'people.json', fingerprint);

test('embeddings come back to the bit', () => {
  const before = templates(300, { each: 3, length: 192 });
  // Numbers that are hard to write: the smallest, and ones that differ in the last bit.
  before[0]!.embedding.set([1e-45, -1.17549421e-38, 0.01, 0.010000000707805157, -0], 3);
  before[0]!.embedding.set(toUnitLength(before[0]!.embedding));
  const document = parse(formatTemplates({ fingerprint, dimension: 192, templates: before }));
  expect(document.templates.map(({ subject: id, n }) => [id, n])).toEqual(
    before.map(({ subject: id, n }) => [id, n]),
  );
  for (const [index, { embedding }] of document.templates.entries()) {
    expect(embedding.every((value, i) => Object.is(value, before[index]!.embedding[i]))).toBe(true);
  }
});

test('a document with no template, and fields of later versions, are read', () => {
  expect(parse(formatTemplates({ fingerprint, dimension, templates: [] })).templates).toEqual([]);
  const later = written({ exported_at: '2026-11-23', templates: [] });
  expect(parse(later)).toEqual({ fingerprint, dimension, templates: [] });
  expect(parse(written({}, { quality: 1 })).templates).toHaveLength(1);
});

const ones = (count: number, value: unknown = 1) => Array.from({ length: count }, () => value);

test.each([
  ['no JSON', 'MUSTERGL', 'no JSON'],
  ['nothing', '', 'no JSON'],
  ['a list', '[]', 'expected object'],
  ['null', 'null', 'expected object'],
  ['another schema', written({ schema: 'muster-gallery/2' }), 'schema'],
  ['no fingerprint', written({ fingerprint: undefined }), 'fingerprint'],
  ['no dimension', written({ dimension: 0 }), 'dimension'],
  ['a huge dimension', written({ dimension: 1e12 }), 'dimension'],
  ['another dimension', written({ dimension: 8 }), 'templates[0].embedding has 16 numbers, not 8'],
  ['templates that are none', written({ templates: { length: 3 } }), 'templates'],
  ['a subject that climbs', written({}, { subject: '../../etc' }), 'templates[0].subject must be'],
  ['a subject for topics', written({}, { subject: 'a/b+#' }), 'templates[0].subject'],
  ['a long subject', written({}, { subject: 'a'.repeat(33) }), 'templates[0].subject'],
  ['a number as subject', written({}, { subject: 7 }), 'templates[0].subject'],
  ['a negative n', written({}, { n: -1 }), 'templates[0].n'],
  ['half an n', written({}, { n: 0.5 }), 'templates[0].n'],
  ['a huge n', written({}, { n: 2 ** 40 }), 'templates[0].n'],
  ['text numbers', written({}, { embedding: ones(dimension, '1') }), 'templates[0].embedding[0]'],
  ['no numbers', written({}, { embedding: ones(dimension, null) }), 'templates[0].embedding[0]'],
  ['infinite numbers', written().replace('[1,0', '[1e999,0'), 'templates[0].embedding'],
  ['numbers beyond float32', written().replace('[1,0', '[1e39,0'), 'not of length 1'],
  ['zero length', written({}, { embedding: ones(dimension, 0) }), 'not of length 1'],
  ['a long vector', written({}, { embedding: ones(dimension) }), 'not of length 1'],
  ['a short template', written({}, { embedding: [1] }), 'has 1 numbers, not 16'],
])('%s is refused by name', (_, text, reason) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({
      name: 'MusterError',
      code: 'templates_invalid',
      message: expect.stringMatching(/^people\.json /),
    }),
  );
  expect(() => parse(text)).toThrow(reason);
});

test('two templates of the same name are refused', () => {
  const twice = written().replace(/\[(\{.*\})\]/, '[$1,$1]');
  expect(() => parse(twice)).toThrow('is another template 0 of one');
});

test('templates of other models are refused with the remedy', () => {
  expect(() => parseTemplates(written(), 'people.json', 'facenet@sha256:2')).toThrow(
    expect.objectContaining({
      code: 'gallery_fingerprint',
      remedy: expect.stringContaining('enroll'),
    }),
  );
  expect(parseTemplates(written(), 'people.json', null).fingerprint).toBe(fingerprint);
});

test('a template alone is a document like any other', () => {
  const [template] = templates(1);
  const text = formatTemplates({ fingerprint, dimension, templates: [template!] });
  expect(JSON.parse(text)).toMatchObject({ templates: [{ subject: 's-0', n: 0 }] });
  const [back] = parse(text).templates;
  expect(back).toEqual({ subject: subject('s-0'), n: 0, embedding: template!.embedding satisfies Embedding });
});
