import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { artefacts, configJsonSchema } from '../../src/config/artefacts.ts';
import { configFields, configTree, type Section } from '../../src/config/fields.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configSchema } from '../../src/config/schema.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

const example = artefacts.find(({ path }) => path === 'config/station.example.yaml')?.text() ?? '';

test('the example file loads to exactly the defaults and names every field', async () => {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, example);
  const defaults = await loadConfig({ env: {} });
  expect(await loadConfig({ file, env: {} })).toEqual(defaults);
  expect(parse(example)).toEqual(defaults);
});

test('the JSON Schema takes the example, an empty config and parts, and nothing wrong', () => {
  const schema = z.fromJSONSchema(configJsonSchema() as z.core.JSONSchema.JSONSchema);
  expect(schema.safeParse(parse(example)).error).toBeUndefined();
  expect(schema.safeParse({}).success).toBe(true);
  expect(schema.safeParse({ mqtt: { url: 'mqtt://broker' } }).success).toBe(true);
  expect(schema.safeParse({ mqtt: { url: 'http://broker' } }).success).toBe(false);
  expect(schema.safeParse({ station: 'bridge' }).success).toBe(false);
  expect(schema.safeParse({ mqtt: { urll: null } }).success).toBe(false);
  expect(schema.safeParse({ decision: { gates: { brightness: [1, 2, 3] } } }).success).toBe(false);
});

test('every field and section is described in a sentence, and its default is allowed', () => {
  const described = (section: Section): void => {
    for (const member of section.members.values()) {
      expect(member.description, member.name).toMatch(/^[A-Z].*\.$/s);
      if (member.kind === 'section') described(member);
    }
  };
  described(configTree);
  for (const field of configFields.values())
    expect(field.allowed, field.name).not.toMatch(/undefined|object|array/);
  expect(configSchema.safeParse({}).success).toBe(true);
});

test('nothing that may be changed from afar can cut a station off, name a path or keep photos', () => {
  const remote = [...configFields.values()].filter((field) => field.remote).map((field) => field.name);
  expect(remote).toContain('decision.threshold');
  expect(remote.filter((name) => /^(site|station|data_dir|mqtt|capture|gallery)/.test(name))).toEqual([]);
  expect(remote.filter((name) => /(_dir|_file|path)$/.test(name))).toEqual([]);
});

test('passwords are marked as secrets', () => {
  const secrets = [...configFields.values()].filter((field) => field.secret).map((field) => field.name);
  expect(secrets).toEqual(['mqtt.password']);
});

test('the generated files of the project are up to date', async () => {
  for (const artefact of artefacts) {
    expect(await readFile(join(packageRoot, artefact.path), 'utf8'), artefact.path).toBe(artefact.text());
  }
});
