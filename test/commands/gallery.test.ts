import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { loadPack } from '../../src/models/load.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { fingerprintOf } from '../../src/vision/fingerprint.ts';
import { muster } from '../gallery/muster.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { temporaryFolder } from '../support/tools.ts';

const loaded = await loadPack(defaultModelsDir, 'edge');
/** As a station with the defaults makes its templates. */
const pack = { fingerprint: fingerprintOf(loaded, true), dimension: loaded.dimension };

/** A working folder whose station has a gallery of the subjects s-0 to s-4 with two templates each. */
async function withGallery(made: { fingerprint: string; dimension: number } = pack): Promise<string> {
  const folder = await temporaryFolder();
  const { fingerprint, dimension } = made;
  const store = galleryStore(join(folder, 'data/gallery/main'), { fingerprint, dimension });
  await store.apply({ put: templates(10, { each: 2, length: dimension }) });
  return folder;
}

const json = async (folder: string, ...args: string[]) => {
  const { status, stdout } = await muster(folder, ['gallery', ...args, '--json']);
  return [status, JSON.parse(stdout)];
};

test('the subjects are listed', async () => {
  const folder = await withGallery();
  expect(await json(folder, 'list')).toEqual([
    0,
    {
      gallery: 'main',
      revision: 1,
      fingerprint: pack.fingerprint,
      dimension: pack.dimension,
      templates: 10,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      subjects: [0, 1, 2, 3, 4].map((index) => ({ subject: `s-${index}`, templates: 2 })),
    },
  ]);
  const { stdout } = await muster(folder, ['gallery', 'list']);
  expect(stdout).toMatch(
    /^subject +templates\ns-0 +2\n[^]*\n\ngallery main, revision 1: 10 templates of 5 subjects/,
  );
  const empty = await muster(folder, ['gallery', 'list'], { MUSTER_GALLERY__NAME: 'other' });
  expect(empty).toMatchObject({
    status: 0,
    stdout: 'gallery other, revision 0: 0 templates of 0 subjects\n',
  });
});

test('subjects are removed in one revision, and unknown ones are told', async () => {
  const folder = await withGallery();
  expect(await json(folder, 'remove', 's-1', 's-3')).toEqual([
    0,
    { gallery: 'main', revision: 2, removed: ['s-1', 's-3'], unknown: [] },
  ]);
  expect(await json(folder, 'remove', 's-1', 's-4', '../x')).toEqual([
    1,
    { gallery: 'main', revision: 3, removed: ['s-4'], unknown: ['s-1', '../x'] },
  ]);
  expect(await json(folder, 'list')).toMatchObject([0, { templates: 4 }]);
});

test('what was exported can be imported, to the same digest', async () => {
  const folder = await withGallery();
  const [, before] = await json(folder, 'list');
  const exported = await muster(folder, ['gallery', 'export', 'all.json']);
  expect(exported).toMatchObject({
    status: 0,
    stdout: '',
    stderr: 'muster: 10 templates written to all.json\n',
  });
  expect((await stat(join(folder, 'all.json'))).mode & 0o777).toBe(0o600);
  await muster(folder, ['gallery', 'remove', 's-0', 's-1']);
  expect(await json(folder, 'import', 'all.json')).toEqual([
    0,
    {
      gallery: 'main',
      revision: 3,
      templates: 10,
      subjects: 5,
      refused: [],
      // Both templates of a subject are made up.
      warnings: Array.from({ length: 10 }, () => expect.objectContaining({ code: 'unlike_own' }) as object),
    },
  ]);
  expect((await json(folder, 'list'))[1].digest).toBe(before.digest);
});

test('what photos were enrolled to is judged when it is imported, as they were', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'people'));
  await writeFile(join(folder, 'people/alice.jpg'), await portraits.alice());
  await writeFile(join(folder, 'people/bella.jpg'), await portraits.bella());
  expect(await muster(folder, ['enroll', 'people'])).toMatchObject({ status: 0 });
  const [, before] = await json(folder, 'list');
  expect(await muster(folder, ['gallery', 'export', 'all.json'])).toMatchObject({ status: 0 });
  expect(await json(folder, 'import', 'all.json')).toEqual([
    0,
    { gallery: 'main', revision: 1, templates: 2, subjects: 2, refused: [], warnings: [] },
  ]);
  expect((await json(folder, 'list'))[1].digest).toBe(before.digest);

  // Alice's template under another name, and one of nobody else's.
  const document = JSON.parse(await readFile(join(folder, 'all.json'), 'utf8'));
  const [alice, bella] = document.templates;
  const renamed = { ...document, templates: [{ ...alice, subject: 'zoe' }, bella] };
  await writeFile(join(folder, 'renamed.json'), JSON.stringify(renamed));
  const refusing = await muster(folder, ['gallery', 'import', 'renamed.json'], {
    MUSTER_GALLERY__AUDIT: 'refuse',
  });
  expect(refusing).toMatchObject({
    status: 1,
    stdout: '1 template of 1 subject taken in; gallery main, revision 1\n',
    stderr: expect.stringMatching(
      /^muster: template zoe\/0: refused, it is the same as a photo of alice \(similarity 1\.00\); whose is it\?\n$/,
    ) as string,
  });
  expect((await json(folder, 'list'))[1].subjects).toMatchObject([
    { subject: 'alice' },
    { subject: 'bella' },
  ]);

  expect(await json(folder, 'import', 'renamed.json')).toMatchObject([
    0,
    {
      revision: 2,
      refused: [],
      warnings: [{ code: 'duplicate', subject: 'zoe', n: 0, other: 'alice' }],
    },
  ]);
  const told = await muster(folder, ['gallery', 'import', 'renamed.json']);
  expect(told.stderr).toMatch(/^muster: template zoe\/0: it is the same as a photo of alice/);
});

test('one subject is exported to standard output and takes the place of what is there', async () => {
  const folder = await withGallery();
  const { status, stdout } = await muster(folder, ['gallery', 'export', '--subject', 's-2']);
  expect(status).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({
    schema: 'muster-gallery/1',
    templates: [{ subject: 's-2', n: 0 }, { n: 1 }],
  });
  await writeFile(
    join(folder, 'one.json'),
    JSON.stringify({ ...document, templates: [document.templates[1]] }),
  );
  expect(await json(folder, 'import', 'one.json')).toMatchObject([
    0,
    { revision: 2, templates: 1, subjects: 1 },
  ]);
  expect((await json(folder, 'list'))[1]).toMatchObject({ templates: 9, subjects: { 2: { templates: 1 } } });
});

test('a gallery of other models is listed and exported, but not imported or enrolled to', async () => {
  const other = { fingerprint: `facenet@sha256:${'3'.repeat(64)}`, dimension: 8 };
  const folder = await withGallery(other);
  expect(await json(folder, 'list')).toMatchObject([0, { ...other, templates: 10 }]);
  expect((await muster(folder, ['gallery', 'export', 'all.json'])).status).toBe(0);
  const refused = await muster(folder, ['gallery', 'import', 'all.json']);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(/all\.json was made with facenet@sha256:3.*\n.*muster enroll/);
  expect(JSON.parse(await readFile(join(folder, 'all.json'), 'utf8'))).toMatchObject(other);
});

test('what can not be exported or imported is told', async () => {
  const folder = await withGallery();
  await writeFile(join(folder, 'text.json'), 'no templates');
  for (const [args, reason] of [
    [['export', '--subject', 'nobody'], /nobody is not in the gallery main/],
    [['export', 'nix/all.json'], /nix\/all\.json can't be written/],
    [['import', 'nix.json'], /nix\.json can't be read/],
    [['import', 'text.json'], /text\.json is not a template file/],
  ] as const) {
    const { status, stdout, stderr } = await muster(folder, ['gallery', ...args]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(reason);
  }
  const empty = await muster(folder, ['gallery', 'export'], { MUSTER_GALLERY__NAME: 'other' });
  expect(empty).toMatchObject({ status: 2, stderr: expect.stringContaining('is empty') });
});
