import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadedLater, missingPart } from '../../src/lib/missing-part.ts';
import { temporaryFolder } from '../support/tools.ts';

it('a part that is missing is named with what helps, and is loaded when it is there again', async () => {
  const file = join(await temporaryFolder(), 'part.cjs');
  let asked = 0;
  // By Node itself: the loader of the tests has errors of its own.
  const load = loadedLater(async () => {
    asked += 1;
    return await Promise.resolve(createRequire(import.meta.url)(file) as number);
  });
  await expect(load()).rejects.toMatchObject({
    code: 'program_incomplete',
    message: expect.stringMatching(
      /^a part of the program is not there: Cannot find module .*part\.cjs/,
    ) as string,
    remedy: expect.stringContaining('Start it again') as string,
  });
  await writeFile(file, 'module.exports = 42;\n');
  expect(await Promise.all([load(), load()])).toEqual([42, 42]);
  expect(asked).toBe(2);
});

it('any other failure stays what it is', () => {
  const error = new TypeError('planted');
  expect(missingPart(error)).toBe(error);
});
