import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';

/** Fills the old space, keeps one object in three, collects, and prints which share of the space is in use. */
const script = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { keepHeapsSmall } from '${join(packageRoot, 'dist/src/lib/heap.js')}';
  if (process.argv[1] === 'small') keepHeapsSmall();
  const all = Array.from({ length: 400_000 }, (_, i) => ({ i, more: [i, i, i] }));
  gc();
  const kept = all.filter((_, i) => i % 3 === 0);
  all.length = 0;
  for (let i = 0; i < 8; i++) gc();
  const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
  console.log(kept.length > 0 && old.space_used_size / old.space_size);`;

function shareInUse(...args: readonly string[]): number {
  const { stdout } = spawnSync(process.execPath, [
    '--expose-gc',
    '--input-type=module',
    '-e',
    script,
    ...args,
  ]);
  return Number(stdout.toString());
}

test('a heap of which much has become free gives it back', () => {
  const small = shareInUse('small');
  expect(small).toBeGreaterThan(0.8);
  // V8 by itself leaves more or less, by when it collects.
  expect(shareInUse()).toBeLessThan(small - 0.03);
});
