import { expect, test } from 'vitest';
import { enrolSubject, writeEnrolment, type EnrolmentMode } from '../../src/gallery/enroll.ts';
import type { PhotoResult } from '../../src/gallery/photo.ts';
import type { EnrolmentRules } from '../../src/gallery/rules.ts';
import type { Embedding } from '../../src/vision/contract.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { face } from '../support/events.ts';
import { temporaryFolder } from '../support/tools.ts';
import { dimension, galleryStore, subject } from './support.ts';

/** A vector near the axis `axis`, leaning a little to the axis `lean`. */
function near(axis: number, lean = axis, by = 0.2): Embedding {
  const vector = new Float32Array(dimension);
  vector[lean] = by;
  vector[axis] = 1;
  return toUnitLength(vector);
}

/** What vision says of a photo with these faces. */
function photo(...embeddings: Embedding[]): PhotoResult {
  const { matches: _, ...shown } = face([]);
  const faces = embeddings.map((embedding) => ({ ...shown, embedding }));
  const latency_ms = { queue: 0, decode: 1, detect: 1, align: 1, embed: 1 };
  return {
    ok: true,
    width: 640,
    height: 480,
    faces,
    latency_ms,
    detect_ms: { pyramid: 0, pnet: 0, rnet: 0, onet: 0 },
    detect_inference_ms: 0,
    inference_ms: 2,
  };
}

/** A face is blurred where its sharpness is below 10. */
const rules: EnrolmentRules = {
  threshold: 0.5,
  audit: 'warn',
  gateOf: ({ quality }) => (quality.sharpness < 10 ? 'sharpness' : null),
};

const enrol = (id: string, results: Record<string, PhotoResult>) =>
  enrolSubject(
    { subject: subject(id), name: `${id}/`, photos: Object.keys(results) },
    (file) => Promise.resolve(results[file]!),
    rules,
  );

test('each photo with one face is a template; the others are refused with the reason', async () => {
  const enrolment = await enrol('ann', {
    '1.jpg': photo(near(0)),
    '2.jpg': photo(),
    '3.jpg': photo(near(1), near(2)),
    '4.jpg': { ok: false, failure: 'unreadable', message: 'there is no such file' },
    '5.jpg': photo(near(0, 1)),
  });
  expect(enrolment).toMatchObject({ subject: 'ann', photos: 5 });
  expect(enrolment.templates.map(({ file, n }) => [file, n])).toEqual([
    ['1.jpg', 0],
    ['5.jpg', 1],
  ]);
  expect(enrolment.refused.map(({ file, code }) => [file, code])).toEqual([
    ['2.jpg', 'no_face'],
    ['3.jpg', 'several_faces'],
    ['4.jpg', 'unreadable'],
  ]);
});

const writtenWith = async (mode: EnrolmentMode) => {
  const store = galleryStore(await temporaryFolder());
  const options = { mode, dryRun: false, rules };
  const first = [
    await enrol('ann', { a: photo(near(0)), b: photo(near(0, 1)) }),
    await enrol('bob', { c: photo(near(5)) }),
  ];
  await writeEnrolment(store, await store.load(), first, options);
  const second = [
    await enrol('ann', { d: photo(near(0, 2)) }),
    await enrol('bob', { e: photo() }),
    await enrol('eve', { f: photo(near(9)) }),
  ];
  const { revision } = await writeEnrolment(store, await store.load(), second, options);
  return [
    revision,
    Array.from((await store.load()).list(), (template) => `${template.subject}/${template.n}`),
  ];
};

test('new templates take the place of the subject’s own, and who has none keeps the old ones', async () => {
  expect(await writtenWith('subject')).toEqual([2, ['ann/0', 'bob/0', 'eve/0']]);
});

test('or are added to them, or replace the whole gallery', async () => {
  expect(await writtenWith('add')).toEqual([2, ['ann/0', 'ann/1', 'ann/2', 'bob/0', 'eve/0']]);
  expect(await writtenWith('gallery')).toEqual([2, ['ann/0', 'eve/0']]);
});

test('nothing is written without a template, or when it is only a trial', async () => {
  const store = galleryStore(await temporaryFolder());
  const options = { mode: 'subject', dryRun: false, rules } as const;
  const none = await writeEnrolment(store, await store.load(), [await enrol('ann', { a: photo() })], options);
  expect(none).toMatchObject({ revision: null, templates: [], warnings: [] });
  const trial = [await enrol('ann', { a: photo(near(0)) })];
  expect(
    (await writeEnrolment(store, await store.load(), trial, { ...options, dryRun: true })).revision,
  ).toBeNull();
  expect((await store.load()).revision).toBe(0);
});

/** People with one of each doubt, in a gallery that has `old` already. */
async function doubtful(audit: EnrolmentRules['audit']) {
  const store = galleryStore(await temporaryFolder());
  const options = { mode: 'subject', dryRun: false, rules: { ...rules, audit } } as const;
  await writeEnrolment(store, await store.load(), [await enrol('old', { o: photo(near(3)) })], options);
  const blurred = photo(near(0, 2));
  if (!blurred.ok) throw new Error('a photo');
  const faces = blurred.faces.map((each) => ({ ...each, quality: { ...each.quality, sharpness: 9 } }));
  const enrolments = [
    await enrol('ann', {
      odd: photo(near(7)),
      a: photo(near(0)),
      b: photo(near(0, 1)),
      blurred: { ...blurred, faces },
    }),
    await enrol('bob', { twin: photo(near(3, 4, 0.5)) }),
    await enrol('cid', { first: photo(near(9)) }),
    await enrol('dan', { second: photo(near(9)) }),
  ];
  const written = await writeEnrolment(store, await store.load(), enrolments, options);
  const list = [...(await store.load()).list()];
  return { ...written, list: list.map((template) => `${template.subject}/${template.n}`) };
}

const doubts = [
  { code: 'duplicate', subject: 'cid', file: 'first', other: 'dan' },
  { code: 'duplicate', subject: 'dan', file: 'second', other: 'cid' },
  { code: 'like_other', subject: 'bob', file: 'twin', other: 'old' },
  { code: 'unlike_own', subject: 'ann', file: 'odd', other: null, similarity: 0 },
  { code: 'low_quality', subject: 'ann', file: 'blurred', gate: 'sharpness' },
];

test('doubtful photos are pointed out and enrolled all the same', async () => {
  const { warnings, list } = await doubtful('warn');
  expect(warnings).toMatchObject(doubts);
  expect(list).toEqual(['ann/0', 'ann/1', 'ann/2', 'ann/3', 'bob/0', 'cid/0', 'dan/0', 'old/0']);
});

test('or refused, with the reason, where the policy says so', async () => {
  const { warnings, list, enrolments, revision } = await doubtful('refuse');
  expect(warnings).toMatchObject(doubts);
  expect(revision).toBe(2);
  expect(list).toEqual(['ann/0', 'ann/1', 'old/0']);
  const refused = enrolments.flatMap((each) =>
    each.refused.map(({ file, code, message }) => [file, code, message]),
  );
  expect(refused).toEqual([
    ['odd', 'unlike_own', 'is unlike the other photos of ann (similarity 0.00); is it the same person?'],
    ['blurred', 'low_quality', 'fails the gate sharpness: a better photo will be recognised more often'],
    ['twin', 'like_other', 'is much like old (similarity 0.89); is bob the same person?'],
    ['first', 'duplicate', 'is the same as a photo of dan (similarity 1.00); whose is it?'],
    ['second', 'duplicate', 'is the same as a photo of cid (similarity 1.00); whose is it?'],
  ]);
});

test('two who enrol the same photo at once are judged one after the other', async () => {
  const store = galleryStore(await temporaryFolder());
  const empty = await store.load();
  const options = { mode: 'add', dryRun: false, rules: { ...rules, audit: 'refuse' } } as const;
  const [first, second] = await Promise.all(
    ['ann', 'bob'].map(async (id) =>
      writeEnrolment(store, empty, [await enrol(id, { [id]: photo(near(0)) })], options),
    ),
  );
  expect(first).toMatchObject({ revision: 1, warnings: [] });
  expect(second).toMatchObject({
    revision: null,
    templates: [],
    enrolments: [{ refused: [{ file: 'bob', code: 'duplicate' }] }],
  });
  expect(Array.from((await store.load()).list(), (template) => template.subject)).toEqual(['ann']);
});

test('of several doubts about a photo the gravest is told', async () => {
  const store = galleryStore(await temporaryFolder());
  const options = { mode: 'add', dryRun: true, rules: { ...rules, audit: 'refuse' } } as const;
  const { enrolments } = await writeEnrolment(
    store,
    await store.load(),
    [
      await enrol('ann', { a: photo(near(0)), both: photo(near(5)) }),
      await enrol('bob', { b: photo(near(5)) }),
    ],
    options,
  );
  expect(enrolments[0]?.refused).toMatchObject([
    { file: 'a', code: 'unlike_own' },
    { file: 'both', code: 'duplicate' },
  ]);
});
