import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Calibration } from '../../src/calibrate/contract.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { muster, shared } from '../gallery/muster.ts';
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

test.skipIf(shared === null)(
  'on a part of LFW the threshold at FMR 1e-3 is that of muster evaluate (needs ../shared)',
  async () => {
    const lfw = join(shared!, 'faces-dev/lfw');
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'people'));
    const photos: string[] = [];
    for (const name of (await readdir(lfw)).toSorted()) {
      const files = await readdir(join(lfw, name));
      if (files.length < 3 || photos.length > 45) continue;
      await symlink(join(lfw, name), join(folder, 'people', name));
      photos.push(...files.map((file) => `${name}/${file}`));
    }
    const same = ['--face', 'middle', '--min-face', '70', '--json'];
    const calibrated = await muster(folder, ['calibrate', 'people', '--fmr', '1e-3', ...same]);
    const { threshold, fnmr, failures, comparisons } = JSON.parse(calibrated.stdout) as Calibration;

    const unusable = new Set(failures.map(({ file }) => file));
    const usable = photos.filter((photo) => !unusable.has(photo));
    const pairs = usable.flatMap((a, i) =>
      usable.slice(i + 1).map((b) => `${a},${b},${dirname(a) === dirname(b) ? 1 : 0}`),
    );
    await writeFile(join(folder, 'pairs.csv'), ['fileA,fileB,same', ...pairs].join('\n'));
    const evaluated = await muster(folder, ['evaluate', '--pairs', 'pairs.csv', '--root', 'people', ...same]);
    const evaluation = JSON.parse(evaluated.stdout);
    expect(evaluation).toMatchObject({ mated: comparisons.mated, non_mated: comparisons.non_mated, fta: 0 });
    expect(threshold.value).toBeCloseTo(evaluation.threshold_at_fmr['0.001'], 5);
    expect(fnmr.value).toBeCloseTo(evaluation.fnmr_at_fmr['0.001'], 6);
  },
  120_000,
);
