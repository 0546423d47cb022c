import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stepOf, type Curve } from '../../bench/gates/curve.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

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
  const args = ['--pairs', join(folder, 'pairs.csv'), '--root', folder, '--json'];
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(packageRoot, 'dist/bench/gates/main.js'), ...args],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(0);
  const curves: readonly Curve[] = JSON.parse(stdout);
  for (const { way, steps } of curves)
    expect([way, steps[0]]).toMatchObject([way, { at: null, probes: 1, stoppedByAny: 0, fnmrWith: 0 }]);
  for (const { way, steps } of curves.filter((each) => ['blur', 'dark', 'small'].includes(each.way))) {
    const { noFace, stoppedByAny } = steps.at(-1)!;
    expect([way, noFace + stoppedByAny]).toEqual([way, 1]);
  }
}, 120_000);
