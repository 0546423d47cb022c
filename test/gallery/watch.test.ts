import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { GalleryStore } from '../../src/gallery/contract.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';
import { childScript, galleryStore, templates } from './support.ts';

function watchedRevisions(store: GalleryStore) {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const revisions: number[] = [];
  store.watch(({ revision }) => void revisions.push(revision), controller.signal);
  return { revisions, stop: () => controller.abort() };
}

const add = (dir: string, n: number) => {
  const body = `await store.apply({ put: [template('other', ${n}, ${n})] });`;
  expect(spawnSync(process.execPath, [...childScript(body), dir], { stdio: 'inherit' }).status).toBe(0);
};

test("another process's revisions are seen, each once, until the signal aborts", async () => {
  const dir = join(await temporaryFolder(), 'gallery', 'main');
  const store = galleryStore(dir);
  expect((await store.load()).revision).toBe(0);
  const { revisions, stop } = watchedRevisions(store);
  add(dir, 0);
  await eventually('revision 1', () => revisions.length === 1, 5000);
  add(dir, 1);
  await eventually('revision 2', () => revisions.length === 2, 5000);
  stop();
  add(dir, 2);
  await sleep(200);
  expect(revisions).toEqual([1, 2]);
});

test('a revision that came between loading and watching is seen, and the loaded one is not told again', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  await store.apply({ put: templates(1) });
  await store.load();
  const first = watchedRevisions(store);
  await sleep(100);
  expect(first.revisions).toEqual([]);
  first.stop();
  await galleryStore(dir).apply({ put: templates(2) });
  const second = watchedRevisions(store);
  await eventually('revision 2', () => second.revisions.length === 1, 5000);
  expect(second.revisions).toEqual([2]);
});

test('a revision that is there as it was is not read again', async () => {
  const dir = await temporaryFolder();
  const { log, lines } = recordingLog();
  const store = galleryStore(dir, { log, pollMs: 20 });
  await store.apply({ put: templates(1) });
  const [name] = (await readdir(dir)).filter((each) => each.endsWith('.gallery'));
  const file = join(dir, name!);
  // A second without a fraction, which can be given to the file again.
  await utimes(file, 1_700_000_000, 1_700_000_000);
  await store.load();
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0));
  await utimes(file, 1_700_000_000, 1_700_000_000);
  // Whoever read it would find it damaged and say so.
  const first = watchedRevisions(store);
  await sleep(150);
  expect(lines().filter(({ msg }) => msg.includes('damaged'))).toEqual([]);
  first.stop();
  await utimes(file, 1_700_000_001, 1_700_000_001);
  watchedRevisions(store);
  await eventually('the damage', () => lines().some(({ msg }) => msg.includes('damaged')), 5000);
});

test('the poll finds a gallery whose folder was removed and begun anew', async () => {
  const dir = join(await temporaryFolder(), 'main');
  const store = galleryStore(dir, { pollMs: 50 });
  await store.apply({ put: templates(1) });
  await store.apply({ put: templates(2) });
  await store.load();
  const { revisions } = watchedRevisions(store);
  await sleep(100);
  await rm(dir, { recursive: true });
  await sleep(150);
  expect(revisions).toEqual([]);
  await galleryStore(dir).apply({ put: templates(3) });
  await eventually('the new line', () => revisions.length === 1, 5000);
  expect(revisions).toEqual([1]);
});

test('a revision of other models is reported once and the next good one is taken', async () => {
  const dir = await temporaryFolder();
  const { log, lines } = recordingLog();
  const store = galleryStore(dir, { log, pollMs: 20 });
  await store.apply({ put: templates(1) });
  await store.load();
  const { revisions } = watchedRevisions(store);
  await galleryStore(dir, { fingerprint: 'other', dimension: 8 }).apply({
    remove: 'all',
    put: templates(1, { length: 8 }),
  });
  await eventually('the refusal', () => lines().length > 0, 5000);
  await sleep(100);
  expect(lines()).toMatchObject([{ revision: 2, msg: expect.stringContaining('refused') }]);
  await galleryStore(dir).apply({ remove: 'all', put: templates(1) });
  await eventually('revision 3', () => revisions.length === 1, 5000);
  expect(revisions).toEqual([3]);
});
