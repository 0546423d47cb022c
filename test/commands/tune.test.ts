import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { candidateThreads, thisMachine } from '../../src/vision/threads.ts';
import type { Tuning } from '../../src/vision/tune-file.ts';
import { muster } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

test('what is measured is printed and written, and chosen of what was tried', async () => {
  const dir = await temporaryFolder();
  const { status, stdout } = await muster(dir, ['tune', '--json', '--repeat', '1']);
  expect(status).toBe(0);
  const printed = JSON.parse(stdout) as Tuning;
  expect(JSON.parse(await readFile(join(dir, 'data/tuning.json'), 'utf8'))).toEqual(printed);
  const counts = candidateThreads(thisMachine().cores);
  expect(printed).toMatchObject({ schema: 'tuning/1', ...thisMachine(), rounds: 1 });
  expect(printed.measured.map(({ threads }) => threads)).toEqual(counts);
  expect(counts).toContain(printed.threads);
  expect(printed.fingerprint).toMatch(/^edge@sha256:[0-9a-f]{64}$/);
});

test('for a person it is a table, with a word where the settings have a number', async () => {
  const dir = await temporaryFolder();
  const args = ['tune', '--repeat', '1'];
  const { status, stdout } = await muster(dir, args, { MUSTER_VISION__THREADS: '1' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^threads +median \(ms\) +captures\/s +CPU s\/capture/);
  expect(stdout.match(/ chosen$/gm)).toHaveLength(1);
  expect(stdout).toContain('does not count while vision.threads is 1');
  expect((await muster(dir, args)).stdout).toContain('from its next start on');
});

test('what can not be done is said: rounds, the size of the face, the folder', async () => {
  const dir = await temporaryFolder();
  for (const rounds of ['0', '101', '1.5', 'many']) {
    const { status, stderr } = await muster(dir, ['tune', '--repeat', rounds]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('from 1 to 100')]);
  }
  const large = await muster(dir, ['tune'], { MUSTER_VISION__MIN_FACE_PX: '2000' });
  expect([large.status, large.stderr]).toEqual([2, expect.stringContaining('set vision.threads by hand')]);
  await writeFile(join(dir, 'data'), 'a file');
  const unwritable = await muster(dir, ['tune', '--repeat', '1']);
  expect([unwritable.status, unwritable.stderr]).toEqual([2, expect.stringContaining("can't be written")]);
});

test('a damaged file of an earlier tuning is replaced', async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'data'));
  await writeFile(join(dir, 'data/tuning.json'), '{');
  expect((await muster(dir, ['tune', '--repeat', '1'])).status).toBe(0);
  expect(JSON.parse(await readFile(join(dir, 'data/tuning.json'), 'utf8'))).toMatchObject({ rounds: 1 });
});
