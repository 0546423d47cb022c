import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Template } from '../../src/gallery/contract.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';
import { childScript, galleryStore, templates } from './support.ts';

const encryptionKey = randomBytes(32);
const newKey = randomBytes(32);
const put = templates(20, { each: 2 });
const newest = (dir: string, revision: number) => join(dir, `${String(revision).padStart(10, '0')}.gallery`);

/** What would tell of a person: the subject's id, and the numbers of an embedding. */
function tells(bytes: Buffer, { subject, embedding }: Template): boolean {
  const numbers = Buffer.from(embedding.buffer, embedding.byteOffset, 16);
  return bytes.includes(`"${subject}"`) || bytes.includes(numbers);
}

/** The names of the files in which a template can be read. */
async function plainFiles(dir: string, searched: readonly Template[] = put): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dir)) {
    const bytes = await readFile(join(dir, name)).catch(() => Buffer.alloc(0));
    if (searched.some((template) => tells(bytes, template))) found.push(name);
  }
  return found;
}

/** A folder with three revisions, the newest of all templates. */
async function written(key: Buffer | null) {
  const dir = await temporaryFolder();
  const store = galleryStore(dir, { encryptionKey: key });
  await store.apply({ put: put.slice(0, 4) });
  await store.apply({ put: put.slice(0, 8) });
  const gallery = await store.apply({ put });
  return { dir, store, gallery };
}

test('with a key no template and no subject can be read on the disk, and nothing else differs', async () => {
  const plain = await written(null);
  expect(await plainFiles(plain.dir)).toHaveLength(3);
  const { dir, gallery } = await written(encryptionKey);
  expect(await plainFiles(dir)).toEqual([]);
  const loaded = await galleryStore(dir, { encryptionKey }).load();
  expect(loaded).toMatchObject({ revision: 3, templates: 20, digest: plain.gallery.digest });
  expect([...loaded.list()]).toEqual([...gallery.list()]);
  expect(await loaded.search(put[5]!.embedding, 1)).toMatchObject([{ subject: put[5]!.subject }]);
  expect(await galleryStore(dir, { encryptionKey }).rollBack()).toMatchObject({ templates: 8 });
  // Equal content is never encrypted to equal bytes: the nonce is fresh.
  const again = await written(encryptionKey);
  const [one, other] = await Promise.all([dir, again.dir].map((each) => readFile(newest(each, 3))));
  expect(one!.subarray(20, 32).equals(other!.subarray(20, 32))).toBe(false);
});

describe('a good gallery is left where it is', () => {
  test.each([
    ['with another key', newKey, /encrypted with another key \([0-9a-f]{16}, the configured one is/],
    ['without a key', null, /is encrypted \(key [0-9a-f]{16}\), and no key is configured/],
  ])('%s', async (_, key, reason) => {
    const { dir, gallery } = await written(encryptionKey);
    const names = await readdir(dir);
    const store = galleryStore(dir, { encryptionKey: key });
    const refused = {
      name: 'MusterError',
      code: 'gallery_key',
      message: expect.stringMatching(new RegExp(`0000000003\\.gallery can't be read: .*${reason.source}`)),
      remedy: expect.stringContaining('gallery.encryption_key_file'),
    };
    await expect(store.load()).rejects.toMatchObject(refused);
    await expect(store.apply({ put: templates(1, { seed: 3 }) })).rejects.toMatchObject(refused);
    await expect(store.apply({ remove: 'all' })).rejects.toMatchObject(refused);
    await expect(store.rollBack()).rejects.toMatchObject(refused);
    expect(await readdir(dir)).toEqual(names);
    expect((await galleryStore(dir, { encryptionKey }).load()).digest).toBe(gallery.digest);
  });
});

test('a watcher without the right key keeps the revision in use', async () => {
  const { dir, store } = await written(encryptionKey);
  const { log, lines } = recordingLog();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: number[] = [];
  galleryStore(dir, { log, pollMs: 20 }).watch(({ revision }) => seen.push(revision), stop.signal);
  await store.apply({ remove: [put[0]!.subject] });
  await eventually('a line about it', () => lines().some(({ msg }) => msg.includes('can not be read')));
  expect(seen).toEqual([]);
});

test.each([
  ['in the head', 3, 14],
  ['in the nonce', 3, 25],
  ['in the templates', 3, 400],
  ['in the hash', 3, -5],
])('a byte that was changed %s makes it damaged: the revision before is used', async (_, revision, at) => {
  const { dir } = await written(encryptionKey);
  const bytes = await readFile(newest(dir, revision));
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  await writeFile(newest(dir, revision), bytes);
  expect(await galleryStore(dir, { encryptionKey }).load()).toMatchObject({ revision: 2, templates: 8 });
  expect(await readdir(dir)).toContain('0000000003.gallery.damaged');
});

test('who alters a file and its hash, without the key, is found out as well', async () => {
  const { dir } = await written(encryptionKey);
  const content = (await readFile(newest(dir, 3))).subarray(0, -32);
  content[400]! ^= 1;
  await writeFile(newest(dir, 3), Buffer.concat([content, createHash('sha256').update(content).digest()]));
  const { log, lines } = recordingLog();
  expect(await galleryStore(dir, { encryptionKey, log }).load()).toMatchObject({ revision: 2 });
  expect(lines()).toMatchObject([{ reason: 'it is not what was encrypted with the key' }]);
});

describe('turned on for a gallery that is there', () => {
  test('loading encrypts the newest, the older, the damaged and what dead writers left', async () => {
    const { dir, gallery } = await written(null);
    await rename(newest(dir, 1), `${newest(dir, 1)}.damaged`);
    await writeFile(join(dir, '.1-dead.tmp'), (await readFile(newest(dir, 3))).subarray(0, 900));
    expect(await plainFiles(dir)).toHaveLength(4);
    const { log, lines } = recordingLog();
    const store = galleryStore(dir, { encryptionKey, log });
    expect(await store.load()).toMatchObject({ revision: 3, digest: gallery.digest });
    expect(await plainFiles(dir)).toEqual([]);
    expect((await readdir(dir)).toSorted()).toEqual([
      '0000000001.gallery.damaged',
      '0000000002.gallery',
      '0000000003.gallery',
    ]);
    expect(lines()).toMatchObject([{ files: 3, msg: 'plain gallery revisions were encrypted' }]);
    await store.load();
    expect(lines()).toHaveLength(1);
    expect(await store.rollBack()).toMatchObject({ templates: 8 });
  });

  test('so does a change without a load before it', async () => {
    const { dir } = await written(null);
    await galleryStore(dir, { encryptionKey }).apply({ remove: [put[0]!.subject] });
    expect(await plainFiles(dir)).toEqual([]);
  });

  test('a writer with the key that is killed at any moment leaves whole revisions, and nothing plain', async () => {
    const large = templates(3000);
    const { dir } = await written(null);
    const plain = galleryStore(dir);
    const body = `
      import { createGalleryStore as create } from ${JSON.stringify(new URL('../../dist/src/gallery/store.js', import.meta.url).href)};
      const sealed = create({ dir, models: { fingerprint: ${JSON.stringify((await plain.load()).fingerprint)}, dimension: 16 }, log: createLog('silent'), clock: systemClock, encryptionKey: Buffer.from('${encryptionKey.toString('hex')}', 'hex') });
      process.stdout.write('going');
      for (let round = 0; ; round += 1) {
        await sealed.load();
        await sealed.apply({ put: Array.from({ length: 3000 }, (_, i) => template('s-' + i, 0, i + round)) });
      }`;
    await plain.apply({ remove: 'all', put: large });
    for (const delayMs of [0, 2, 5, 9, 14, 40]) {
      const child = spawn(process.execPath, [...childScript(body), dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      await sleep(delayMs);
      child.kill('SIGKILL');
      await once(child, 'close');
      // Whatever it left is whole, with the key, and a load finishes the work.
      const store = galleryStore(dir, { encryptionKey });
      expect((await store.load()).templates).toBe(3000);
      expect(await plainFiles(dir, large.slice(0, 50))).toEqual([]);
    }
  });
});

describe('the key is changed', () => {
  test('every revision is written anew, also after it was interrupted', async () => {
    const { dir, gallery } = await written(encryptionKey);
    const before = await readFile(newest(dir, 2));
    const store = galleryStore(dir, { encryptionKey: newKey });
    expect(await store.rekey(encryptionKey)).toBe(3);
    expect(await store.load()).toMatchObject({ revision: 3, digest: gallery.digest });
    // As it is where a rekey was killed before the second file.
    await writeFile(newest(dir, 2), before);
    expect(await store.load()).toMatchObject({ revision: 3 });
    await expect(store.rollBack()).rejects.toMatchObject({ code: 'gallery_key' });
    expect(await store.rekey(encryptionKey)).toBe(1);
    expect(await store.rekey(encryptionKey)).toBe(0);
    expect(await store.rollBack()).toMatchObject({ templates: 8 });
    await expect(galleryStore(dir, { encryptionKey }).load()).rejects.toMatchObject({ code: 'gallery_key' });
  });

  test('with a wrong old key nothing is touched', async () => {
    const { dir } = await written(encryptionKey);
    const store = galleryStore(dir, { encryptionKey: newKey });
    await expect(store.rekey(randomBytes(32))).rejects.toMatchObject({ code: 'gallery_key' });
    expect(await galleryStore(dir, { encryptionKey }).load()).toMatchObject({ revision: 3, templates: 20 });
  });

  test('without a new one the gallery is plain again', async () => {
    const { dir } = await written(encryptionKey);
    expect(await galleryStore(dir).rekey(encryptionKey)).toBe(3);
    expect(await galleryStore(dir).load()).toMatchObject({ revision: 3, templates: 20 });
    expect(await plainFiles(dir)).toHaveLength(3);
  });
});

test('ten thousand templates of 512 numbers come back to the bit', async () => {
  const large = templates(10_000, { length: 512 });
  const dir = await temporaryFolder();
  const options = { dimension: 512, encryptionKey };
  const { digest } = await galleryStore(dir, options).apply({ put: large });
  const held = monitorEventLoopDelay({ resolution: 1 });
  held.enable();
  const begun = performance.now();
  const loaded = await galleryStore(dir, options).load();
  const loadedMs = performance.now() - begun;
  held.disable();
  expect(loaded).toMatchObject({ templates: 10_000, digest });
  expect(await loaded.search(large[4711]!.embedding, 1)).toMatchObject([{ subject: large[4711]!.subject }]);
  // Read by who runs the tests, to compare with the figures in docs/gallery-sync.md.
  process.stdout.write(
    `10,000 encrypted templates of 512 numbers: loaded in ${Math.round(loadedMs)} ms, ` +
      `main thread held for ${Math.round(held.max / 1e6)} ms at the most\n`,
  );
});
