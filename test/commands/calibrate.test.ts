import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { muster } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

async function people(photos: Readonly<Record<string, keyof typeof portraits>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, name] of Object.entries(photos)) {
    await mkdir(join(folder, 'people', path, '..'), { recursive: true });
    await writeFile(join(folder, 'people', path), await portraits[name]());
  }
  return folder;
}

test('a folder of people gives a report, a patch, and says that it is too little', async () => {
  const folder = await people({
    'alice/1.jpg': 'alice',
    'alice/2.jpg': 'aliceAgain',
    'bella/1.jpg': 'bella',
    'bella/2.jpg': 'bellaAgain',
    'clara/1.jpg': 'clara',
  });
  await writeFile(join(folder, 'people/clara/broken.jpg'), 'no photo');
  const { status, stdout, stderr } = await muster(folder, ['calibrate', 'people', '--fmr', '0.01']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/These photos can't support an FMR of 0\.01: 3 pairs of people/);
  expect(stdout).toMatch(
    /^threshold 0\.\d{4} .*\n.*\nreport: calibration\.html; for station\.yaml:\ndecision:\n/,
  );
  const page = await readFile(join(folder, 'calibration.html'), 'utf8');
  expect(page).toContain('<dt>FTA</dt>');
  expect(page).toContain('clara/broken.jpg');

  const json = await muster(folder, ['calibrate', 'people', '--json', '--gallery-size', '200']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    people: { photos: 6, fta: 1, subjects: 3, fte: 0, subjects_with_several: 2 },
    comparisons: { mated: 2, non_mated: 8, pairs_of_people: 3 },
    failures: [{ file: 'clara/broken.jpg', code: 'not_an_image', gate: null }],
    gallery_size: 200,
    fmr: 1e-4,
  });
});

test('too few people, and wrong options, are told with what to do', async () => {
  const folder = await people({ 'alice/1.jpg': 'alice', 'bella/1.jpg': 'bella' });
  const few = await muster(folder, ['calibrate', 'people']);
  expect([few.status, few.stdout]).toEqual([2, '']);
  expect(few.stderr).toMatch(/people has usable photos of 2 people, and of 0 more than one/);
  for (const args of [['people', '--fmr', '0.5'], ['people', '--gallery-size', '0'], ['nowhere'], []])
    expect((await muster(folder, ['calibrate', ...args])).status).toBe(2);
});
