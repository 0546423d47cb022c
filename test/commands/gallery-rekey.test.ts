import { readFile, readdir, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { muster } from '../gallery/muster.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { temporaryFolder } from '../support/tools.ts';

const keyFile = { MUSTER_GALLERY__ENCRYPTION_KEY_FILE: 'key.aes' };
const newKeyFile = { MUSTER_GALLERY__ENCRYPTION_KEY_FILE: 'new.aes' };

/** A folder with two keys, and a plain gallery of three revisions. */
async function withKeys() {
  const folder = await temporaryFolder();
  for (const name of ['key.aes', 'new.aes'])
    await writeFile(join(folder, name), randomBytes(32).toString('base64'));
  const dir = join(folder, 'data/gallery/main');
  for (const template of templates(3)) await galleryStore(dir).apply({ put: [template] });
  const plain = async () => {
    const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name))));
    return files.filter((bytes) => bytes.includes('"s-0"')).length;
  };
  return { folder, dir, plain };
}

test('every verb uses the key, and leaves nothing plain', async () => {
  const { folder, plain } = await withKeys();
  expect(await plain()).toBe(3);
  const run = (...args: string[]) => muster(folder, ['gallery', ...args], keyFile);
  expect(await run('list')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('revision 3: 3 temp'),
  });
  expect(await plain()).toBe(0);
  expect(await run('export', 'all.json')).toMatchObject({ status: 0 });
  expect(await run('remove', 's-1')).toMatchObject({ status: 0 });
  expect(await run('rollback')).toMatchObject({ status: 0, stdout: expect.stringContaining('3 templates') });
  expect(await plain()).toBe(0);
  for (const settings of [{}, newKeyFile])
    for (const verb of [['list'], ['export'], ['remove', 's-0'], ['rollback']]) {
      const { status, stderr } = await muster(folder, ['gallery', ...verb], settings);
      expect(status).toBe(2);
      expect(stderr).toMatch(/0000000005\.gallery can't be read: it is encrypted[^]*encryption_key_file/);
    }
});

test('the key is changed with rekey', async () => {
  const { folder } = await withKeys();
  await muster(folder, ['gallery', 'list'], keyFile);
  const rekey = ['gallery', 'rekey', '--json'];
  expect((await muster(folder, rekey, newKeyFile)).status).toBe(2);
  const changed = await muster(folder, [...rekey, '--old-key', 'key.aes'], newKeyFile);
  expect([changed.status, JSON.parse(changed.stdout)]).toEqual([
    0,
    { gallery: 'main', files: 3, encrypted: true },
  ]);
  expect((await muster(folder, ['gallery', 'list'], newKeyFile)).status).toBe(0);
  expect((await muster(folder, ['gallery', 'list'], keyFile)).status).toBe(2);
});
