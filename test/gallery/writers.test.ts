import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { decodeRevision } from '../../src/gallery/revision-file.ts';
import { sourceInMemory } from '../../src/gallery/revision-source.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { childScript, galleryStore, subject, templates } from './support.ts';

function startWriter(dir: string, body: string): ChildProcess {
  const child = spawn(process.execPath, [...childScript(body), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [status] = await once(child, 'close');
  return status === null ? null : Number(status);
}

test('processes that write at the same time lose none of their changes', async () => {
  const dir = await temporaryFolder();
  const writers = ['a', 'b', 'c'].map((name) =>
    startWriter(
      dir,
      `for (let i = 0; i < 20; i += 1) await store.apply({ put: [template('${name}', i, i)] });`,
    ),
  );
  expect(await Promise.all(writers.map(ended))).toEqual([0, 0, 0]);
  const gallery = await galleryStore(dir).load();
  expect(gallery).toMatchObject({ revision: 60, subjects: 3, templates: 60 });
});

test('stores of one process, and calls of one store, lose none either', async () => {
  const dir = await temporaryFolder();
  const stores = [galleryStore(dir), galleryStore(dir)];
  const changes = templates(40).map((template, index) => stores[index % 2]!.apply({ put: [template] }));
  const revisions = (await Promise.all(changes)).map((gallery) => gallery.revision);
  expect(new Set(revisions).size).toBe(40);
  expect(await stores[0]!.load()).toMatchObject({ revision: 40, templates: 40 });
});

test('changes worked out from what is there see what the other writer added', async () => {
  const dir = await temporaryFolder();
  const append = `for (let i = 0; i < 15; i += 1) await store.apply((base) => ({
    put: [template('shared', base.templates, i)],
  }));`;
  expect(await Promise.all([startWriter(dir, append), startWriter(dir, append)].map(ended))).toEqual([0, 0]);
  const gallery = await galleryStore(dir).load();
  expect(Array.from(gallery.list(), ({ n }) => n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test('a writer that is killed at any moment leaves whole revisions', async () => {
  const dir = await temporaryFolder();
  const body = `
    for (let round = 0; ; round += 1) {
      const put = Array.from({ length: 4000 }, (_, i) => template('s-' + i, 0, i + round));
      const { revision } = await store.apply({ put });
      process.stdout.write(revision + '\\n');
    }`;
  let reported = 0;
  for (const delayMs of [3, 11, 17, 29, 41]) {
    const child = startWriter(dir, body);
    const before = reported;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      reported = Math.max(reported, ...text.trim().split('\n').map(Number));
    });
    await eventually('the writer writes', () => reported > before);
    await sleep(delayMs);
    child.kill('SIGKILL');
    await ended(child);
    const gallery = await galleryStore(dir).load();
    expect(gallery.templates).toBe(4000);
    expect(gallery.revision).toBeGreaterThanOrEqual(reported);
  }
  for (const name of (await readdir(dir)).filter((each) => !each.endsWith('.tmp'))) {
    expect(
      `${(await decodeRevision(sourceInMemory(await readFile(join(dir, name))))).revision}`.padStart(10, '0'),
    ).toBe(name.slice(0, 10));
  }
});

test('what dead writers left is removed, and what a living one writes is not', async () => {
  const dir = await temporaryFolder();
  const store = galleryStore(dir);
  await store.apply({ put: templates(1) });
  await writeFile(join(dir, '.1-dead.tmp'), 'half');
  await writeFile(join(dir, '.2-living.tmp'), 'half');
  const longAgo = Date.now() / 1000 - 3600;
  await utimes(join(dir, '.1-dead.tmp'), longAgo, longAgo);
  await store.load();
  expect((await readdir(dir)).toSorted()).toEqual(['.2-living.tmp', '0000000001.gallery']);
});

test('a writer whose temporary file was taken away tries again', async () => {
  const dir = await temporaryFolder();
  const writer = startWriter(
    dir,
    `for (let i = 0; i < 30; i += 1) await store.apply({ put: [template('a', i, i)] });`,
  );
  const status = ended(writer);
  while (writer.exitCode === null) {
    const left = (await readdir(dir)).filter((name) => name.endsWith('.tmp'));
    await Promise.all(left.map((name) => rm(join(dir, name), { force: true })));
    await sleep(5);
  }
  expect(await status).toBe(0);
  expect(await galleryStore(dir).load()).toMatchObject({ templates: 30 });
  const gallery = await galleryStore(dir).load();
  expect(await gallery.search(templates(1)[0]!.embedding, 1)).toMatchObject([{ subject: subject('a') }]);
});
