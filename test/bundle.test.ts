import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../src/lib/package.ts';
import { temporaryFolder } from './support/tools.ts';

it('what runs is made of the sources as they are, to the byte', async () => {
  const fresh = join(await temporaryFolder(), 'program');
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'scripts/bundle.mjs'), fresh], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  expect(await codeIn(join(packageRoot, 'dist/program'))).toEqual(await codeIn(fresh));
});

async function codeIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.js')).toSorted();
  expect(names).toEqual(expect.arrayContaining(['main.js', 'vision-worker.js']));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}
