import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createStore } from '../../src/store/store.ts';
import { temporaryFolder } from '../support/tools.ts';

async function openStore(dir: string) {
  const store = createStore(dir);
  const damage = await store.open();
  onTestFinished(() => store.close());
  return { store, damage };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('keeps a batch over a new start, and deletes', async () => {
  const dir = join(await temporaryFolder(), 'a', 'b');
  const first = createStore(dir);
  expect(await first.open()).toBeNull();
  await first.batch(
    [
      { key: 'b/2', value: 'two' },
      { key: 'b/1', value: 'one' },
      { key: 'c', value: 'three' },
    ],
    { durable: true },
  );
  await first.batch([{ key: 'c', value: undefined }], { durable: false });
  await first.close();
  const { store } = await openStore(dir);
  expect(await collect(store.entries({}))).toEqual([
    ['b/1', 'one'],
    ['b/2', 'two'],
  ]);
  expect(await collect(store.keys({ gte: 'b/2', lt: 'b0' }))).toEqual(['b/2']);
  expect(await collect(store.keys({ reverse: true, limit: 1 }))).toEqual(['b/2']);
  expect(await store.get('c')).toBeUndefined();
});

it('says who holds a store that is in use', async () => {
  const dir = await temporaryFolder();
  await openStore(dir);
  await expect(createStore(dir).open()).rejects.toMatchObject({
    code: 'store_locked',
    message: expect.stringContaining(dir) as string,
    remedy: expect.stringContaining('data_dir') as string,
  });
});

it('says what is wrong with a place that can hold no store', async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, 'file'), '');
  await expect(createStore(join(dir, 'file', 'store')).open()).rejects.toMatchObject({
    code: 'store_unusable',
  });
});

it('repairs a damaged store, or sets it aside, and goes on', async () => {
  const dir = join(await temporaryFolder(), 'store');
  const before = createStore(dir);
  await before.open();
  await before.batch([{ key: 'kept', value: 'x'.repeat(1000) }], { durable: true });
  await before.close();
  // What a power cut can leave: the file that names the current manifest, cut short.
  await writeFile(join(dir, 'CURRENT'), 'MANIF');
  const { store, damage } = await openStore(dir);
  expect(damage?.outcome).toBe('repaired');
  expect(await store.get('kept')).toHaveLength(1000);
});

it('goes on, empty if need be, where the manifest is garbage', async () => {
  const dir = join(await temporaryFolder(), 'store');
  const before = createStore(dir);
  await before.open();
  await before.close();
  for (const name of await readdir(dir))
    if (name.startsWith('MANIFEST')) await writeFile(join(dir, name), 'garbage');
  const { store, damage } = await openStore(dir);
  expect(damage).not.toBeNull();
  await store.batch([{ key: 'new', value: 'y' }], { durable: true });
  expect(await store.get('new')).toBe('y');
});

it('deletes a range, and nothing beside it', async () => {
  const { store } = await openStore(join(await temporaryFolder(), 'store'));
  const keys = ['a/9', 'b/1', 'b/2', 'b/3', 'c'];
  await store.batch(
    keys.map((key) => ({ key, value: 'x' })),
    { durable: true },
  );
  await store.clear({ gte: 'b/1', lt: 'b/3' });
  expect(await collect(store.keys({}))).toEqual(['a/9', 'b/3', 'c']);
});
