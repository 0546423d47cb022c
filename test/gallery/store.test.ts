import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chown, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Gallery } from '../../src/gallery/contract.ts';
import { recordingLog, temporaryFolder } from '../support/tools.ts';
import { childScript, dimension, fingerprint, galleryStore, subject, templates } from './support.ts';

const revisionPath = (dir: string, revision: number) =>
  join(dir, `${String(revision).padStart(10, '0')}.gallery`);

const contentOf = (gallery: Gallery) =>
  Array.from(gallery.list(), ({ subject: id, n, embedding }) => [id, n, [...embedding]]);

test('a gallery that was never written is empty', async () => {
  const gallery = await galleryStore(join(await temporaryFolder(), 'gallery', 'main')).load();
  expect(gallery).toMatchObject({ revision: 0, fingerprint, dimension, subjects: 0, templates: 0 });
  expect([...gallery.list()]).toEqual([]);
});

test('what is put is there for another process, to the bit, in order of subject and n', async () => {
  const dir = join(await temporaryFolder(), 'gallery', 'main');
  const put = templates(30, { each: 3 });
  const written = await galleryStore(dir).apply({ put: put.toReversed() });
  const loaded = await galleryStore(dir).load();
  expect(loaded).toMatchObject({ revision: 1, subjects: 10, templates: 30, digest: written.digest });
  const inOrder = put.toSorted((a, b) =>
    a.subject === b.subject ? a.n - b.n : a.subject < b.subject ? -1 : 1,
  );
  expect(contentOf(loaded)).toEqual(inOrder.map(({ subject: id, n, embedding }) => [id, n, [...embedding]]));
  expect(contentOf(written)).toEqual(contentOf(loaded));
  expect((await stat(revisionPath(dir, 1))).mode & 0o777).toBe(0o600);
});

test.skipIf(process.getuid?.() !== 0)(
  'what root writes belongs to the owner of the folder above (needs root)',
  async () => {
    const data = await temporaryFolder();
    await chown(data, 4711, 4712);
    const dir = join(data, 'gallery', 'main');
    await galleryStore(dir).apply({ put: templates(1) });
    for (const path of [join(data, 'gallery'), dir, revisionPath(dir, 1)]) {
      expect(await stat(path)).toMatchObject({ uid: 4711, gid: 4712 });
    }
  },
);

test('the digest is of subject, n and little-endian float32', async () => {
  const put = templates(4, { each: 2 });
  const hash = createHash('sha256');
  for (const { subject: id, n, embedding } of put) {
    const bytes = Buffer.alloc(dimension * 4);
    for (const [index, value] of embedding.entries()) bytes.writeFloatLE(value, index * 4);
    hash.update(`${id}/${n}\n`).update(bytes);
  }
  const { digest } = await galleryStore(await temporaryFolder()).apply({ put });
  expect(digest).toBe(hash.digest('hex'));
});

test('removes before it puts, replaces equal n, and removes all', async () => {
  const store = galleryStore(await temporaryFolder());
  const [a, b, c, d] = templates(4);
  await store.apply({ put: [a!, b!, { ...c!, subject: a!.subject, n: 1 }] });
  const changed = await store.apply({ remove: [a!.subject], put: [{ ...d!, subject: a!.subject, n: 0 }] });
  expect(contentOf(changed)).toEqual([
    [a!.subject, 0, [...d!.embedding]],
    [b!.subject, 0, [...b!.embedding]],
  ]);
  const replaced = await store.apply({ put: [{ ...c!, subject: b!.subject, n: 0 }] });
  expect(contentOf(replaced)[1]).toEqual([b!.subject, 0, [...c!.embedding]]);
  expect(await store.apply({ remove: 'all' })).toMatchObject({ revision: 4, templates: 0 });
});

test('a change that changes nothing is no revision', async () => {
  const store = galleryStore(await temporaryFolder());
  const put = templates(3);
  await store.apply({ put });
  expect((await store.apply({ put })).revision).toBe(1);
  expect((await store.apply({ remove: [subject('nobody')] })).revision).toBe(1);
});

test('a loaded gallery stays as it is when the next revision comes', async () => {
  const store = galleryStore(await temporaryFolder());
  const before = await store.apply({ put: templates(5) });
  const content = contentOf(before);
  const after = await store.apply({ remove: 'all', put: templates(2, { seed: 9 }) });
  expect([before.revision, after.revision]).toEqual([1, 2]);
  expect(contentOf(before)).toEqual(content);
});

test('the last three revisions are kept', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  for (const template of templates(6)) await store.apply({ put: [template] });
  expect((await readdir(dir)).toSorted()).toEqual(
    [4, 5, 6].map((revision) => `${String(revision).padStart(10, '0')}.gallery`),
  );
});

test.each([
  ['cut short', (path: string) => truncate(path, 200)],
  ['emptied', (path: string) => truncate(path, 0)],
  ['changed in one bit', flipBit],
  [
    'copied from another revision',
    async (path: string) => writeFile(path, await readFile(path.replace('3.g', '2.g'))),
  ],
])('a newest revision that was %s is set aside and the one before it is used', async (_, damage) => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  const [one, two, three, four] = templates(4);
  await store.apply({ put: [one!] });
  const second = await store.apply({ put: [two!] });
  await store.apply({ put: [three!] });
  await damage(revisionPath(dir, 3));

  const { log, lines } = recordingLog();
  const reader = galleryStore(dir, { log });
  expect(contentOf(await reader.load())).toEqual(contentOf(second));
  expect(lines()).toMatchObject([{ revision: 3, msg: expect.stringContaining('damaged') }]);
  expect(await readdir(dir)).toContain('0000000003.gallery.damaged');
  // The number isn't given again, so that nobody takes the next revision for the damaged one.
  expect((await reader.apply({ put: [four!] })).revision).toBe(4);
  await reader.load();
  expect(lines()).toHaveLength(1);
});

async function flipBit(path: string) {
  const bytes = await readFile(path);
  bytes[bytes.length - 100]! ^= 4;
  await writeFile(path, bytes);
}

test('with every revision damaged the gallery is empty, and writable again', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  for (const template of templates(2)) await store.apply({ put: [template] });
  for (const revision of [1, 2]) await writeFile(revisionPath(dir, revision), 'nothing');
  expect((await store.load()).templates).toBe(0);
  expect(await store.apply({ put: templates(3) })).toMatchObject({ revision: 3, templates: 3 });
});

test('a gallery that a newer Muster wrote is refused and left as it is', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  await store.apply({ put: templates(2) });
  const path = revisionPath(dir, 1);
  const content = (await readFile(path)).subarray(0, -32);
  content.write('"format":2', content.indexOf('"format":1'), 'latin1');
  await writeFile(path, Buffer.concat([content, createHash('sha256').update(content).digest()]));
  await expect(store.load()).rejects.toMatchObject({ name: 'MusterError', code: 'gallery_format' });
  await expect(store.apply({ put: templates(1) })).rejects.toMatchObject({ code: 'gallery_format' });
  expect(await readdir(dir)).toEqual(['0000000001.gallery']);
});

test('templates of other models are refused until they are all replaced', async () => {
  const dir = await temporaryFolder();
  const before = await galleryStore(dir).apply({ put: templates(3) });
  const other = galleryStore(dir, { fingerprint: `facenet@sha256:${'2'.repeat(64)}`, dimension: 8 });
  const refused = {
    name: 'MusterError',
    code: 'gallery_fingerprint',
    remedy: expect.stringContaining('muster gallery rebuild'),
  };
  await expect(other.load()).rejects.toMatchObject(refused);
  await expect(other.apply({ put: templates(1, { length: 8 }) })).rejects.toMatchObject(refused);

  const any = galleryStore(dir, { fingerprint: null, dimension: 0 });
  expect(contentOf(await any.load())).toEqual(contentOf(before));
  expect(await any.apply({ remove: [subject('s-0')] })).toMatchObject({
    fingerprint,
    dimension,
    templates: 2,
  });

  const put = templates(1, { length: 8 });
  expect(await other.apply({ remove: 'all', put })).toMatchObject({
    revision: 3,
    dimension: 8,
    templates: 1,
  });
  expect((await other.load()).templates).toBe(1);
  await expect(galleryStore(dir).load()).rejects.toMatchObject({ code: 'gallery_fingerprint' });
});

test('reads before the models are known, and gives nothing before', async () => {
  const dir = await temporaryFolder();
  const written = await galleryStore(dir).apply({ put: templates(3) });
  const models = (of: string) => {
    let tell!: () => void;
    const told = new Promise<{ fingerprint: string; dimension: number }>((resolve) => {
      tell = () => resolve({ fingerprint: of, dimension });
    });
    return { told, tell };
  };
  const right = models(fingerprint);
  let given = false;
  const loading = galleryStore(dir, { models: right.told })
    .load()
    .finally(() => (given = true));
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  expect(given).toBe(false);
  right.tell();
  expect(contentOf(await loading)).toEqual(contentOf(written));

  const other = models('other');
  other.tell();
  await expect(galleryStore(dir, { models: other.told }).load()).rejects.toMatchObject({
    code: 'gallery_fingerprint',
  });
  const refused = Promise.reject(new Error('there are no models'));
  await expect(galleryStore(dir, { models: refused }).load()).rejects.toThrow('there are no models');
});

test('an emptied gallery takes templates of other models', async () => {
  const dir = await temporaryFolder();
  await galleryStore(dir).apply({ put: templates(1) });
  await galleryStore(dir).apply({ remove: 'all' });
  const other = galleryStore(dir, { fingerprint: 'other', dimension: 8 });
  expect((await other.load()).templates).toBe(0);
  expect(await other.apply({ put: templates(2, { length: 8 }) })).toMatchObject({
    fingerprint: 'other',
    templates: 2,
  });
});

test('ten thousand templates are stored, found and loaded', async () => {
  const dir = await temporaryFolder();
  const put = templates(10_000, { each: 4, length: 192 });
  const options = { dimension: 192 };
  await galleryStore(dir, options).apply({ put });
  const gallery = await galleryStore(dir, options).load();
  expect(gallery).toMatchObject({ templates: 10_000, subjects: 2500 });
  for (const { subject: id, embedding } of [put[0]!, put[4711]!, put[9999]!]) {
    const [first] = await gallery.search(embedding, 2);
    expect(first).toEqual({ subject: id, similarity: expect.closeTo(1, 6) });
  }
});

test('a folder that can not be used says so', async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, 'file'), '');
  const store = galleryStore(join(dir, 'file', 'gallery'));
  const unreadable = {
    name: 'MusterError',
    code: 'gallery_unreadable',
    message: expect.stringContaining(dir),
  };
  await expect(store.load()).rejects.toMatchObject(unreadable);
  await expect(store.apply({ put: templates(1) })).rejects.toMatchObject(unreadable);
});

test('a writer that was overtaken so long that its number is free again starts anew', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  await store.apply({ put: templates(1) });
  // Five revisions by another process, of which the first two are tidied away before this store writes its own.
  const body = `for (let i = 0; i < 5; i += 1) await store.apply({ put: [template('other', i, i)] });`;
  const overtake = () =>
    spawnSync(process.execPath, [...childScript(body), dir], { stdio: 'inherit' }).status;
  const statuses: (number | null)[] = [];
  let calls = 0;
  const late = await store.apply(() => {
    calls += 1;
    if (calls === 1) statuses.push(overtake());
    return { put: [{ ...templates(1, { seed: 2 })[0]!, subject: subject('late') }] };
  });
  expect(statuses).toEqual([0]);
  expect(calls).toBe(2);
  expect(late).toMatchObject({ revision: 7, templates: 7 });
  expect(await galleryStore(dir).load()).toMatchObject({ revision: 7, templates: 7, digest: late.digest });
  expect((await readdir(dir)).toSorted()[0]).toBe('0000000005.gallery');
});
