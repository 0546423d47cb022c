import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stepOf, type Curve } from '../../bench/gates/curve.ts';
import { compareTurned, type PosedFace, type Turned } from '../../bench/gates/turned.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { temporaryFolder } from '../support/tools.ts';

/** What `npm run bench:gates` prints as JSON. */
function bench(...args: readonly string[]) {
  const program = join(packageRoot, 'dist/bench/gates/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, '--json'], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

test('a step tells what its gate stops, and what is stopped in vain', () => {
  const face = (gate: 'sharpness' | 'size' | null, matches: boolean, measure: number) => ({
    face: { gate, matches, measure },
  });
  const probed = [
    { face: null },
    face('sharpness', false, 1),
    face('sharpness', true, 2),
    face('size', false, 3),
    face(null, true, 4),
  ];
  expect(stepOf(probed, 'sharpness')).toEqual({
    probes: 5,
    measure: 3,
    noFace: 0.2,
    stoppedByIts: 0.4,
    stoppedByAny: 0.6,
    stoppedInVain: 0.2,
    fnmrWithout: 0.5,
    fnmrWith: 0,
  });
  expect(stepOf([{ face: null }], 'size')).toMatchObject({ noFace: 1, fnmrWithout: null, fnmrWith: null });
});

test('one pair, made worse in every way: as it is it passes; much too blurred, dark or small it doesn’t', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.jpg'), await portraits.alice());
  await writeFile(join(folder, 'b.jpg'), await portraits.aliceAgain());
  await writeFile(join(folder, 'pairs.csv'), 'fileA,fileB,same\na.jpg,b.jpg,1\na.jpg,b.jpg,0\n');
  const curves: readonly Curve[] = bench('--pairs', join(folder, 'pairs.csv'), '--root', folder);
  for (const { way, steps } of curves)
    expect([way, steps[0]]).toMatchObject([way, { at: null, probes: 1, stoppedByAny: 0, fnmrWith: 0 }]);
  for (const { way, steps } of curves.filter((each) => ['blur', 'dark', 'small'].includes(each.way))) {
    const { noFace, stoppedByAny } = steps.at(-1)!;
    expect([way, noFace + stoppedByAny]).toEqual([way, 1]);
  }
}, 120_000);

test('turned faces are compared with frontal ones, each pair once, where the more turned one belongs', () => {
  const face = (subject: string, yaw_deg: number, pitch_deg: number, ...vector: number[]): PosedFace => ({
    subject,
    yaw_deg,
    pitch_deg,
    embedding: toUnitLength(Float32Array.from(vector)),
  });
  const faces = [
    face('ann', 2, 0, 1, 0),
    face('ann', -12, 3, 1, 0.2),
    face('ann', 25, 0, 1, 1),
    face('ann', -28, -5, 0, 1),
    face('ann', 26, 40, 0, 1),
    face('bob', 0, 0, 1, 0.1),
    face('bob', 45, 0, 1, 0),
  ];
  const { bins, mated } = compareTurned(faces, 'yaw_deg', 0.5);
  expect(
    bins.map(({ from, photos, mated: own, fnmr, non_mated, fmr }) => [
      from,
      photos,
      own,
      fnmr,
      non_mated,
      fmr,
    ]),
  ).toEqual([
    // Ann's and Bob's frontal photos, with each other.
    [0, 2, 0, null, 1, 1],
    [10, 1, 1, 0, 1, 1],
    // Each of Ann's two with both her frontal ones and Bob's; the one of 28 degrees shows nothing of hers.
    [20, 2, 4, 0.5, 2, 0.5],
    [30, 0, 0, null, 0, null],
    [40, 1, 1, 0, 2, 1],
    [50, 0, 0, null, 0, null],
  ]);
  expect(mated.map(({ turn }) => turn).toSorted((a, b) => a - b)).toEqual([12, 25, 25, 28, 28, 45]);
});

test('the photos of a folder are sorted by how the heads are turned, and each comparison is drawn', async () => {
  const folder = await temporaryFolder();
  const people = { alice: ['alice', 'aliceAgain'], bella: ['bella', 'bellaAgain'] } as const;
  for (const [name, photos] of Object.entries(people)) {
    await mkdir(join(folder, 'people', name), { recursive: true });
    for (const photo of photos)
      await writeFile(join(folder, 'people', name, `${photo}.jpg`), await portraits[photo]());
  }
  const chart = join(folder, 'turned.svg');
  const turned: readonly Turned[] = bench('--people', join(folder, 'people'), '--chart', chart);
  expect(turned.map(({ axis }) => axis)).toEqual(['yaw_deg', 'pitch_deg']);
  const photos = turned.map(({ bins }) => bins.reduce((sum, bin) => sum + bin.photos, 0));
  expect(Math.min(...photos)).toBeGreaterThan(0);
  expect(await readFile(chart, 'utf8')).toContain('limit of the gate');
}, 60_000);
