import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { muster } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

const folds = `fileA,fileB,same,fold
alice.jpg,aliceAgain.jpg,1,a
alice.jpg,bella.jpg,0,a
bella.jpg,bellaAgain.jpg,1,b
clara.jpg,alice.jpg,0,b
`;
const tooFew = 'fileA,fileB,same\nalice.jpg,aliceAgain.jpg,1\nalice.jpg,bella.jpg,0\n';

const times = /^One face: \d+\.\d ms in float32, \d+\.\d ms in int8 \(\d+\.\d\d times as fast\)\.$/m;

let folder: string;
const quantize = (pairs: string, ...args: string[]) =>
  muster(folder, [
    'models',
    'quantize',
    'edge',
    '--pairs',
    pairs,
    '--root',
    '.',
    '--models-dir',
    'models',
    ...args,
  ]);
const variantFiles = async () =>
  (await readdir(join(folder, 'models'))).filter((name) => /int8|variants/.test(name));

beforeEach(async () => {
  folder = await temporaryFolder();
  for (const name of ['alice', 'aliceAgain', 'bella', 'bellaAgain', 'clara'] as const)
    await writeFile(join(folder, `${name}.jpg`), await portraits[name]());
  await writeFile(join(folder, 'folds.csv'), folds);
  await writeFile(join(folder, 'too-few.csv'), tooFew);
  await cp(defaultModelsDir, join(folder, 'models'), { recursive: true });
});

test(
  'prints what it measured and what to do with the variant that it kept',
  { timeout: 120_000 },
  async () => {
    const { status, stdout } = await quantize('folds.csv', '--anyway', '--bound', '0.1');
    expect(stdout).toMatch(/^This processor has .* for products of 8-bit numbers\.$/m);
    expect(stdout).toMatch(times);
    expect(stdout).toMatch(
      /^Accuracy: \d+\.\d\d % in float32, \d+\.\d\d % in int8\. FNMR at FMR 0\.1 %: \d\.\d\d % and \d\.\d\d %\.$/m,
    );
    expect(stdout).toMatch(
      /^Made edge-int8\. Use it with vision\.pack: edge-int8, .*`muster gallery rebuild <folder>`\.$/m,
    );
    expect(status).toBe(0);
    expect(await variantFiles()).toEqual(['edge-int8.onnx', 'variants.json']);
  },
);

test('says why it kept nothing, and ends with 1', { timeout: 120_000 }, async () => {
  const { status, stdout } = await quantize('too-few.csv', '--anyway');
  expect(stdout).toMatch(times);
  expect(stdout).toMatch(/^Nothing was kept: the pairs are too few to tell the accuracy\./m);
  expect(status).toBe(1);
  expect(await variantFiles()).toEqual([]);
});

test('refuses what it can not use', async () => {
  const unknown = await muster(folder, ['models', 'quantize', 'edgy', '--pairs', 'folds.csv', '--root', '.']);
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('edgy') });
  const bound = await quantize('folds.csv', '--bound', '0.5');
  expect(bound).toMatchObject({ status: 2, stderr: expect.stringContaining('--bound') });
});
