import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupPhoto, portraits, scenery } from '../../demo/sample-photos.ts';
import { muster, type Outcome } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

/** A folder `people` of reference photos, given as `<path>: <portrait>`, below the working folder that is returned. */
async function people(photos: Readonly<Record<string, keyof typeof portraits>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, name] of Object.entries(photos)) {
    await mkdir(join(folder, 'people', path, '..'), { recursive: true });
    await writeFile(join(folder, 'people', path), await portraits[name]());
  }
  return folder;
}

const listed = async (folder: string) => {
  const { stdout } = await muster(folder, ['gallery', 'list', '--json']);
  return JSON.parse(stdout);
};
const report = ({ stdout }: Outcome) => JSON.parse(stdout);

test('sub-folders and photos become subjects in one revision, and a second time changes nothing', async () => {
  const folder = await people({
    'Bella B/1.jpg': 'bella',
    'Bella B/2.jpg': 'bellaAgain',
    'clara.jpg': 'clara',
  });
  const first = await muster(folder, ['enroll', 'people', '--json']);
  expect([first.status, first.stderr]).toEqual([0, '']);
  expect(report(first)).toMatchObject({
    gallery: 'main',
    revision: 1,
    dry_run: false,
    refused_names: [],
    ignored: [],
    warnings: [],
    fingerprint: expect.stringMatching(/^edge@sha256:[0-9a-f]{64}$/),
    subjects: [
      { subject: 'bella-b', name: 'Bella B/', photos: 2, templates: 2, refused: [] },
      { subject: 'clara', name: 'clara.jpg', photos: 1, templates: 1, refused: [] },
    ],
  });
  const before = await listed(folder);
  expect(before).toMatchObject({
    templates: 3,
    subjects: [
      { subject: 'bella-b', templates: 2 },
      { subject: 'clara', templates: 1 },
    ],
  });

  const again = await muster(folder, ['enroll', 'people']);
  expect(again.status).toBe(0);
  expect(again.stdout).toMatch(/^subject +name +photos +templates +refused\nbella-b +Bella B\/ +2 +2 +0\n/);
  expect(again.stdout).toMatch(/3 templates of 2 subjects; gallery main, revision 1\n$/);
  expect(await listed(folder)).toEqual(before);

  expect((await muster(folder, ['enroll', 'people', '--add'])).status).toBe(0);
  expect(await listed(folder)).toMatchObject({ revision: 2, templates: 6 });
});

test('what can not be enrolled is refused by name, with its reason', async () => {
  const folder = await people({
    'alice/1.jpg': 'alice',
    'Dora.jpg': 'dora',
    'dora.jpeg': 'dora',
    '张伟.jpg': 'clara',
  });
  await copyFile(groupPhoto(6), join(folder, 'people/alice/group.jpg'));
  await writeFile(join(folder, 'people/alice/nobody.jpg'), await scenery());
  await writeFile(join(folder, 'people/alice/text.jpg'), 'no photo');
  await writeFile(join(folder, 'people/alice/.DS_Store'), 'x');
  await writeFile(join(folder, 'people/alice/list.txt'), 'x');
  await writeFile(join(folder, 'people/broken.jpg'), (await portraits.bella()).subarray(0, 9000));

  const trial = await muster(folder, ['enroll', 'people', '--json', '--dry-run']);
  expect(trial.status).toBe(1);
  expect(report(trial)).toMatchObject({
    revision: null,
    dry_run: true,
    ignored: ['alice/list.txt'],
    subjects: [
      {
        subject: 'alice',
        photos: 4,
        templates: 1,
        refused: [
          { file: 'alice/group.jpg', code: 'several_faces' },
          { file: 'alice/nobody.jpg', code: 'no_face' },
          { file: 'alice/text.jpg', code: 'not_an_image' },
        ],
      },
      { subject: 'broken', templates: 0, refused: [{ file: 'broken.jpg', code: 'not_an_image' }] },
    ],
    refused_names: [
      { name: 'Dora.jpg', code: 'name_collides' },
      { name: 'dora.jpeg', code: 'name_collides' },
      { name: '张伟.jpg', code: 'name_empty' },
    ],
  });
  expect(await listed(folder)).toMatchObject({ revision: 0, templates: 0 });

  const real = await muster(folder, ['enroll', 'people']);
  expect(real.status).toBe(1);
  expect(real.stderr).toMatch(/muster: alice\/group\.jpg: refused, it shows 4 faces/);
  expect(real.stderr).toMatch(/muster: 张伟\.jpg: refused, it leaves no id/);
  expect(real.stdout).toMatch(/1 template of 1 subject; gallery main, revision 1\n$/);
});

test('a doubtful enrolment is pointed out', async () => {
  const folder = await people({
    'mixed/1.jpg': 'clara',
    'mixed/2.jpg': 'dora',
    'a.jpg': 'bella',
    'b.jpg': 'bella',
  });
  const { status, stdout } = await muster(folder, ['enroll', 'people', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).warnings).toMatchObject([
    { code: 'duplicate', subject: 'a', other: 'b', file: 'a.jpg' },
    { code: 'duplicate', subject: 'b', other: 'a', file: 'b.jpg' },
    { code: 'unlike_own', subject: 'mixed', n: 0, file: 'mixed/1.jpg' },
    { code: 'unlike_own', subject: 'mixed', n: 1, file: 'mixed/2.jpg' },
  ]);
});

test('a missing folder, an empty one and options that exclude each other', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'empty'));
  for (const args of [
    ['nix'],
    ['empty'],
    ['empty', '--add', '--replace'],
    ['empty', '--min-face', 'x'],
    [],
  ]) {
    const { status, stdout } = await muster(folder, ['enroll', ...args]);
    expect([status, stdout]).toEqual([2, '']);
  }
});

test('a gallery is not made anew where the refusal of doubtful photos would lose somebody', async () => {
  const folder = await people({ 'bella.jpg': 'bella', 'twin.jpg': 'bella', 'clara.jpg': 'clara' });
  expect((await muster(folder, ['enroll', 'people'])).status).toBe(0);
  const before = await listed(folder);
  const refuse = { MUSTER_GALLERY__AUDIT: 'refuse' };
  const lossy = await muster(folder, ['gallery', 'rebuild', 'people'], refuse);
  expect(lossy).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /the gallery has bella, twin.*is the same as a photo of twin.*--drop-missing/s,
    ),
  });
  expect(await listed(folder)).toEqual(before);
  const meant = await muster(folder, ['gallery', 'rebuild', 'people', '--drop-missing'], refuse);
  expect(meant.stdout).toMatch(/1 template of 1 subject; gallery main, revision 2\n$/);
});
