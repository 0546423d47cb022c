import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoreDamage } from '../../src/store/contract.ts';
import { createStore } from '../../src/store/store.ts';
import { canMountDisks, smallDisk, withoutDisks } from '../support/small-disk.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const value = 'x'.repeat(2_000);
const keyOf = (i: number) => `k/${String(i).padStart(6, '0')}`;

async function openStore(dir: string) {
  const store = createStore(dir);
  const reopened: (StoreDamage | null)[] = [];
  const damage = await store.open();
  store.onReopened((each) => reopened.push(each));
  onTestFinished(() => store.close());
  return { store, damage, reopened };
}

async function keysOf(store: ReturnType<typeof createStore>): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys({ gte: 'k/', lt: 'k0' })) keys.push(key);
  return keys;
}

/** A closed store with `count` entries, in tables as well as in the log. */
async function filledStore(count: number): Promise<string> {
  const dir = join(await temporaryFolder(), 'store');
  for (const half of [0, 1]) {
    const store = createStore(dir);
    await store.open();
    for (let i = half; i < count; i += 2)
      await store.batch([{ key: keyOf(i), value: `${i} ${Math.random()} ${value}` }], { durable: false });
    await store.close();
  }
  return dir;
}

const filesLike = async (dir: string, pattern: RegExp) =>
  (await readdir(dir)).filter((name) => pattern.test(name)).map((name) => join(dir, name));

describe.skipIf(!canMountDisks)(
  canMountDisks ? 'a store on a full disk' : `a store on a full disk (${withoutDisks})`,
  () => {
    it('goes on reading, and takes writes again when there is room, without a start', async () => {
      const disk = await smallDisk(8);
      const { store, reopened } = await openStore(join(disk.dir, 'store'));
      const written: string[] = [];
      const write = async (i: number) => {
        await store.batch([{ key: keyOf(i), value }], { durable: true });
        written.push(keyOf(i));
      };
      for (let i = 0; i < 200; i += 1) await write(i);
      await disk.fill();
      let failures = 0;
      for (let i = 200; i < 900; i += 1) await write(i).catch(() => (failures += 1));
      expect(failures).toBeGreaterThan(0);
      expect(await keysOf(store)).toEqual(expect.arrayContaining(written));
      expect(await store.get(keyOf(0))).toBe(value);
      await disk.free();
      await eventually('it takes writes', () =>
        write(1_000).then(
          () => true,
          () => false,
        ),
      );
      expect(reopened).toEqual([null]);
      expect(await keysOf(store)).toEqual(expect.arrayContaining(written));
    });

    it('refuses a batch that was made from what an earlier opening held', async () => {
      const disk = await smallDisk(8);
      const { store } = await openStore(join(disk.dir, 'store'));
      const opening = await store.writable();
      await disk.fill();
      await expect(
        (async () => {
          for (;;) await store.batch([{ key: 'k', value }], { durable: true });
        })(),
      ).rejects.toThrow(/no space/i);
      await disk.free();
      await expect(store.batch([{ key: 'k', value }], { durable: true, opening })).rejects.toMatchObject({
        code: 'store_reopened',
      });
      await store.batch([{ key: 'k', value }], { durable: true, opening: await store.writable() });
    });
  },
);

describe('a store after a power cut', () => {
  it.each([
    ['its log cut short', /\.log$/, (file: string) => truncate(file, 1_000)],
    ['its log full of zeros', /\.log$/, zeros],
    ['a table full of garbage', /\.ldb$/, garbage],
    ['no table', /\.ldb$/, (file: string) => rm(file)],
    ['no manifest', /^MANIFEST/, (file: string) => rm(file)],
    ['an empty manifest', /^MANIFEST/, (file: string) => truncate(file, 0)],
    ['no CURRENT', /^CURRENT$/, (file: string) => rm(file)],
    ['an empty CURRENT', /^CURRENT$/, (file: string) => truncate(file, 0)],
  ] as const)('goes on with %s', async (_, pattern, harm) => {
    const dir = await filledStore(40);
    const files = await filesLike(dir, pattern);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) await harm(file);
    const { store } = await openStore(dir);
    await keysOf(store);
    await store.batch([{ key: 'new', value: 'y' }], { durable: true });
    expect(await store.get('new')).toBe('y');
  });

  it.each([
    ['no manifest', /^MANIFEST/],
    ['no CURRENT', /^CURRENT$/],
  ])('keeps every entry with %s', async (_, pattern) => {
    const dir = await filledStore(40);
    for (const file of await filesLike(dir, pattern)) await rm(file);
    const { store, damage } = await openStore(dir);
    expect(damage).toMatchObject({ outcome: 'repaired' });
    expect(await keysOf(store)).toHaveLength(40);
  });

  it('finds damage while it runs, tells of it, and answers', async () => {
    const dir = await filledStore(400);
    const { store, damage, reopened } = await openStore(dir);
    expect(damage).toBeNull();
    for (const file of await filesLike(dir, /\.ldb$/)) await garbage(file);
    const keys = await Promise.all([keysOf(store), keysOf(store)]);
    expect(keys[0]).toEqual(keys[1]);
    expect(reopened.length).toBeGreaterThan(0);
    expect(reopened.every((each) => each !== null)).toBe(true);
    await store.batch([{ key: 'new', value: 'y' }], { durable: true });
    expect(await store.get('new')).toBe('y');
  });
});

async function zeros(file: string): Promise<void> {
  await writeFile(file, Buffer.alloc((await stat(file)).size));
}

async function garbage(file: string): Promise<void> {
  const bytes = await readFile(file);
  // In place: a running store has the file open.
  await writeFile(file, bytes.fill(0xa5), { flag: 'r+' });
}
