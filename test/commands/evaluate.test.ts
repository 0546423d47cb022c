import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portraits, scenery } from '../../demo/sample-photos.ts';
import { muster, shared } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

const pairs = `fileA,fileB,same
alice.jpg,aliceAgain.jpg,1
bella.jpg,bellaAgain.jpg,1
alice.jpg,bella.jpg,0
alice.jpg,clara.jpg,0
clara.jpg,stranger.jpg,0
bella.jpg,nobody.jpg,0
`;

test('figures of a few photos', async () => {
  const folder = await temporaryFolder();
  for (const [name, cut] of Object.entries(portraits))
    await writeFile(join(folder, `${name}.jpg`), await cut());
  await writeFile(join(folder, 'nobody.jpg'), await scenery());
  await writeFile(join(folder, 'pairs.csv'), pairs);
  const args = ['evaluate', '--pairs', 'pairs.csv', '--root', '.'];

  const { status, stdout } = await muster(folder, [...args, '--json']);
  expect(status).toBe(0);
  const evaluation = JSON.parse(stdout);
  expect(evaluation).toMatchObject({
    pairs: 6,
    mated: 2,
    non_mated: 3,
    photos: 7,
    fta: 1,
    accuracy: null,
    auc: 1,
    eer: 0,
    fnmr_at_fmr: { '0.01': 0, '0.001': 0 },
    threshold_at_fmr: { '0.01': expect.any(Number), '0.001': expect.any(Number) },
    failed: [{ file: 'nobody.jpg', code: 'no_face' }],
  });
  expect(evaluation.threshold_at_fmr['0.001']).toBeLessThan(evaluation.eer_threshold);

  const table = await muster(folder, [...args, '--face', 'largest', '--scores', 'scores.csv']);
  expect(table.stdout).toMatch(/^pairs not compared \(fta\) +1$/m);
  expect(table.stdout).toMatch(/^equal error rate +0\.00 % +0\.\d{4}$/m);
  expect(table.stderr).toBe('muster: nobody.jpg: no face was found\n');
  const scores = (await readFile(join(folder, 'scores.csv'), 'utf8')).trimEnd().split('\n');
  expect(scores).toHaveLength(1 + 5);
  expect(scores[1]).toMatch(/^alice\.jpg,aliceAgain\.jpg,1,0\.\d+$/);

  // Another run, which had three pairs wrong at any threshold.
  const worse = scores.map((line, index) =>
    index < 3 ? line.replace(/[^,]*$/, index === 0 ? 'similarity' : '-0.9') : line,
  );
  await writeFile(join(folder, 'worse.csv'), worse.join('\n'));
  const against = await muster(folder, [...args, '--against', 'worse.csv']);
  expect(against.stdout).toMatch(
    /of 5 pairs, 2 are decided rightly by this run only and 0 by the other only: p = 0\.500\n$/,
  );
});

test('a list without figures to give, a wrong list and a missing one', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'gone.csv'), 'fileA,fileB,same\na.jpg,b.jpg,1\na.jpg,c.jpg,0\n');
  await writeFile(join(folder, 'wrong.csv'), 'fileA,fileB,same\na.jpg,b.jpg,perhaps\n');
  const evaluate = (list: string) => muster(folder, ['evaluate', '--json', '--pairs', list, '--root', '.']);
  const none = await evaluate('gone.csv');
  expect(none.status).toBe(1);
  expect(JSON.parse(none.stdout)).toMatchObject({ pairs: 2, fta: 2, auc: null, failed: { length: 3 } });
  const wrong = await evaluate('wrong.csv');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/^muster: wrong\.csv: line 2: same is perhaps, not 1 or 0\n/);
  expect((await evaluate('nix.csv')).status).toBe(2);
  const rootless = await muster(folder, ['evaluate', '--pairs', 'gone.csv', '--root', 'no-such']);
  expect(rootless.status).toBe(2);
  expect(rootless.stderr).toMatch(/^muster: --root no-such can't be read: ENOENT.*\nGive the folder/);
  const noFolder = await muster(folder, ['evaluate', '--pairs', 'gone.csv', '--root', 'gone.csv']);
  expect(noFolder.stderr).toMatch(/^muster: --root gone\.csv can't be read: it is no folder\n/);
  const against = await muster(folder, [
    'evaluate',
    '--pairs',
    'gone.csv',
    '--root',
    '.',
    '--against',
    'gone.csv',
  ]);
  expect(against.status).toBe(2);
  expect(against.stderr).toMatch(/^muster: gone\.csv can't be compared with: row 1 has no/);
  expect((await muster(folder, ['evaluate', '--pairs', 'wrong.csv'])).status).toBe(2);
});

test.skipIf(shared === null)('accuracy on every fourth pair of a part of LFW (needs ../shared)', async () => {
  const root = join(shared!, 'faces-dev');
  const [head, ...lines] = (await readFile(join(root, 'lfw-pairs.csv'), 'utf8')).trim().split('\n');
  const folder = await temporaryFolder();
  const part = lines.filter((_, index) => index % 4 === 0);
  await writeFile(join(folder, 'pairs.csv'), [head, ...part].join('\n'));
  const { status, stdout } = await muster(folder, [
    'evaluate',
    '--json',
    '--pairs',
    'pairs.csv',
    '--root',
    root,
  ]);
  expect(status).toBe(0);
  const evaluation = JSON.parse(stdout);
  expect(evaluation).toMatchObject({ pairs: 300, fta: 0 });
  // All 1,200 pairs give about 0.996, 0.006 and 0.9999.
  expect(evaluation.accuracy).toBeGreaterThan(0.98);
  expect(evaluation.fnmr_at_fmr['0.001']).toBeLessThan(0.02);
  expect(evaluation.auc).toBeGreaterThan(0.999);
});
