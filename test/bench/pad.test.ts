import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { defaultModels, modelsWithThinPacks } from '../models/support/thin-packs.ts';

function benchPad(modelsDir: string) {
  const args = [join(packageRoot, 'dist/bench/pad.js'), '--rounds', '2', '--json'];
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, MUSTER_VISION__MODELS_DIR: modelsDir },
  });
}

test('the cost of attack detection is told by faces, with and without it', async () => {
  const { status, stdout, stderr } = benchPad(await modelsWithThinPacks());
  expect(status, stderr).toBe(0);
  const { faces } = JSON.parse(stdout) as { faces: { faces: number; without_ms: number; with_ms: number }[] };
  expect(faces.map((row) => row.faces)).toEqual([1, 2, 4]);
  for (const { without_ms, with_ms } of faces) expect(Math.min(without_ms, with_ms)).toBeGreaterThan(0);
}, 60_000);

test('without the pack it says how to get it', async () => {
  const { status, stderr } = benchPad(await defaultModels());
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/pad has not been added.*\n.*muster models add pad/),
  ]);
}, 60_000);
