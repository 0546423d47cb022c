import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readReferenceFolder } from '../../src/gallery/reference-photos.ts';
import { subjectOfName } from '../../src/gallery/subject.ts';
import { temporaryFolder } from '../support/tools.ts';

async function folderWith(...files: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const file of files) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    if (!file.endsWith('/')) await writeFile(join(folder, file), '');
    else await mkdir(join(folder, file), { recursive: true });
  }
  return folder;
}

test.each([
  ['s-7f3a', 's-7f3a'],
  ['Abel_Pacheco', 'abel-pacheco'],
  ['Zoë Müller (2)', 'zoe-muller-2'],
  ['  --Ann--  ', 'ann'],
  ['a.b/c#d+e', 'a-b-c-d-e'],
  ['ǅ Łukasz', 'dz-ukasz'],
  ['x'.repeat(40), 'x'.repeat(32)],
  [`${'x'.repeat(31)} y`, 'x'.repeat(31)],
  ['７号', '7'],
  ['张伟', null],
  ['...', null],
  ['', null],
])('the name %j becomes %j', (name, id) => {
  expect(subjectOfName(name)).toBe(id);
});

test('sub-folders and photos at the top are subjects, in order', async () => {
  const folder = await folderWith('Bob/2.jpg', 'Bob/1.png', 'alice.jpeg', 'Carol/c', 'dave.JPG', 'empty/');
  expect(await readReferenceFolder(folder)).toEqual({
    subjects: [
      { subject: 'bob', name: 'Bob/', photos: ['Bob/1.png', 'Bob/2.jpg'] },
      { subject: 'carol', name: 'Carol/', photos: ['Carol/c'] },
      { subject: 'alice', name: 'alice.jpeg', photos: ['alice.jpeg'] },
      { subject: 'dave', name: 'dave.JPG', photos: ['dave.JPG'] },
      { subject: 'empty', name: 'empty/', photos: [] },
    ],
    refusedNames: [],
    ignored: [],
  });
});

test('names that leave nothing and names that give one id are refused by name', async () => {
  const folder = await folderWith('ann/1.jpg', 'Ann.jpg', 'ann.png', '张伟/1.jpg', 'bob.jpg');
  const { subjects, refusedNames } = await readReferenceFolder(folder);
  expect(subjects.map(({ subject }) => subject)).toEqual(['bob']);
  expect(refusedNames).toEqual([
    {
      name: 'Ann.jpg',
      code: 'name_collides',
      message: expect.stringContaining('as ann/, ann.png does'),
    },
    { name: 'ann/', code: 'name_collides', message: expect.stringContaining('the id ann,') },
    { name: 'ann.png', code: 'name_collides', message: expect.stringContaining('Ann.jpg, ann/') },
    { name: '张伟/', code: 'name_empty', message: expect.stringContaining('letters a-z') },
  ]);
});

test('hidden files are passed over and other kinds are named', async () => {
  const folder = await folderWith(
    '.DS_Store',
    'Thumbs.db',
    'README.txt',
    'ann/.DS_Store',
    'ann/1.jpg',
    'ann/notes.pdf',
    'ann/more/2.jpg',
    '.hidden/1.jpg',
    'heic/1.HEIC',
  );
  expect(await readReferenceFolder(folder)).toMatchObject({
    subjects: [
      { subject: 'ann', photos: ['ann/1.jpg'] },
      { subject: 'heic', photos: ['heic/1.HEIC'] },
    ],
    ignored: ['README.txt', 'ann/more', 'ann/notes.pdf'],
  });
});

test('links are followed, and one that leads nowhere stays a photo to be refused', async () => {
  const folder = await folderWith('ann/1.jpg');
  await symlink(join(folder, 'ann'), join(folder, 'linked'));
  await symlink(join(folder, 'nowhere'), join(folder, 'gone.jpg'));
  const { subjects } = await readReferenceFolder(folder);
  expect(subjects.map(({ photos }) => photos)).toEqual([['ann/1.jpg'], ['gone.jpg'], ['linked/1.jpg']]);
});

test('a folder that is missing or holds nobody is a mistake', async () => {
  const folder = await folderWith('.DS_Store', 'README.txt');
  await expect(readReferenceFolder(folder)).rejects.toMatchObject({
    name: 'MusterError',
    code: 'folder_empty',
  });
  await expect(readReferenceFolder(join(folder, 'nix'))).rejects.toMatchObject({ code: 'folder_unreadable' });
  await expect(readReferenceFolder(join(folder, 'README.txt'))).rejects.toMatchObject({
    code: 'folder_unreadable',
    message: expect.stringContaining('it is a file and no folder'),
    remedy: expect.stringContaining('sub-folder'),
  });
});
