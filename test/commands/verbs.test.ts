import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { verbGroups } from '../../src/commands/verbs.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { loadedFiles } from '../support/loaded-files.ts';
import { muster, startStation } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

const verbs = verbGroups.flatMap(([, group]) => group);

it('the list has every verb that a file defines, once', async () => {
  const folder = join(packageRoot, 'src/commands');
  const defined = [];
  for (const file of await readdir(folder)) {
    const exported = (await import(join(folder, file))) as Record<string, unknown>;
    defined.push(...Object.entries(exported).filter(([name]) => name.startsWith('define')));
  }
  const listed = await Promise.all(verbs.map(async ({ load }) => await load()));
  expect(new Set(listed)).toEqual(new Set(defined.map(([, define]) => define)));
  expect(listed).toHaveLength(defined.length);
  expect(defined.map(([name]) => name.toLowerCase()).toSorted()).toEqual(
    verbs.map(({ name }) => `define${name}`).toSorted(),
  );
});

it('each verb has its help, with its line of the list, also after the word help', async () => {
  const dir = await temporaryFolder();
  await Promise.all(
    verbs.map(async ({ name, description }, index) => {
      const { stdout, status } = await muster(dir, index % 5 === 0 ? ['help', name] : [name, '--help']);
      expect([status, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(`^Usage: muster ${name} `)]);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(description);
    }),
  );
});

it('what a station loads has no file of another verb, and nothing that only a terminal needs', async () => {
  const dir = await temporaryFolder();
  const loaded = await loadedFiles();
  const station = startStation(dir, loaded.env);
  await station.ready;
  expect(await station.stop()).toBe(0);
  const files = await loaded.read();
  const ofVerbs = files.flatMap((file) => /src\/commands\/([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
  expect(ofVerbs.toSorted()).toEqual(['station', 'verbs']);
  expect(files.some((file) => file.includes('/node_modules/pino/'))).toBe(true);
  expect(files.filter((file) => file.includes('/dist/src/'))).toEqual([]);
  expect(files.filter((file) => /\/node_modules\/(pino-pretty|cli-table3|csv-parse)\//.test(file))).toEqual(
    [],
  );
});
