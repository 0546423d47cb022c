import { spawnSync } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asyncapiArtefacts } from '../../src/asyncapi.ts';
import { openapiArtefacts } from '../../src/http/openapi.ts';
import { configArtefacts, configJsonSchema } from '../../src/config/artefacts.ts';
import { payloadArtefacts } from '../../src/payloads.ts';
import { configFields, configTree, type Field, type Section } from '../../src/config/fields.ts';
import { loadConfig } from '../../src/config/load.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

const artefacts = [...configArtefacts, ...payloadArtefacts, ...asyncapiArtefacts, ...openapiArtefacts];
const example = artefacts.find(({ path }) => path === 'config/station.example.yaml')?.text() ?? '';

test('the example file loads to exactly the defaults and names every field', async () => {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, example);
  const defaults = await loadConfig({ env: {} });
  expect(await loadConfig({ file, env: {} })).toEqual(defaults);
  expect(parse(example)).toEqual(defaults);
});

test('the JSON Schema takes the example, an empty config and parts, and nothing wrong', () => {
  const schema = z.fromJSONSchema(configJsonSchema());
  expect(schema.safeParse(parse(example)).error).toBeUndefined();
  expect(schema.safeParse({}).success).toBe(true);
  expect(schema.safeParse({ mqtt: { url: 'mqtt://broker' } }).success).toBe(true);
  expect(schema.safeParse({ mqtt: { url: 'http://broker' } }).success).toBe(false);
  expect(schema.safeParse({ station: 'bridge' }).success).toBe(false);
  expect(schema.safeParse({ mqtt: { urll: null } }).success).toBe(false);
  expect(schema.safeParse({ decision: { gates: { brightness: [1, 2, 3] } } }).success).toBe(false);
});

test('every field and section is described in a sentence, and its allowed values in words', () => {
  for (const { name, description } of membersOf(configTree)) {
    expect(`${name}: ${description}`).toMatch(/^[\w.]+: [A-Z].*\.$/s);
  }
  for (const { name, allowed } of configFields.values()) {
    expect(`${name}: ${allowed}`).not.toMatch(/: $|undefined|object|array/);
  }
});

function membersOf(section: Section): (Field | Section)[] {
  return [...section.members.values()].flatMap((member) =>
    member.kind === 'field' ? [member] : [member, ...membersOf(member)],
  );
}

test('nothing that may be changed from afar can cut a station off, name a path or keep photos', () => {
  const remote = [...configFields.values()].filter((field) => field.remote).map((field) => field.name);
  expect(remote).toContain('decision.threshold');
  // Of the broker only what probation undoes.
  expect(remote.filter((name) => name.startsWith('mqtt.'))).toEqual(['mqtt.url', 'mqtt.keepalive_s']);
  expect(remote.filter((name) => /^(site|station|data_dir|capture|gallery)/.test(name))).toEqual([]);
  expect(remote.filter((name) => /(_dir|_file|path)$/.test(name))).toEqual([]);
});

test('passwords are marked as secrets', () => {
  const secrets = [...configFields.values()].filter((field) => field.secret).map((field) => field.name);
  expect(secrets).toEqual([
    'mqtt.password',
    'capture.camera.url',
    'http.token',
    'influx.token',
    'influx.password',
  ]);
});

function stale(path: string): string {
  return `${path} is stale: run \`npm run generate\`\n`;
}

test('generate writes the files, and --check names those that are stale', async () => {
  const copy = await temporaryFolder();
  await cp(join(packageRoot, 'dist/src'), join(copy, 'dist/src'), { recursive: true });
  await cp(join(packageRoot, 'package.json'), join(copy, 'package.json'));
  await symlink(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
  const generate = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy, 'dist/src/generate.js'), ...args], { encoding: 'utf8' });

  const paths = artefacts.map(({ path }) => path);
  expect(generate('--check')).toMatchObject({ status: 1, stderr: paths.map(stale).join('') });
  expect(generate()).toMatchObject({ status: 0, stdout: paths.map((path) => `${path} written\n`).join('') });
  expect(generate('--check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  for (const { path, text } of artefacts.map((one) => ({ path: one.path, text: one.text() }))) {
    expect(await readFile(join(copy, path), 'utf8')).toBe(text);
    expect(await readFile(join(packageRoot, path), 'utf8')).toBe(text);
  }
  await writeFile(join(copy, 'config/station.example.yaml'), 'site: changed\n');
  expect(generate('--check')).toMatchObject({ status: 1, stderr: stale('config/station.example.yaml') });
});
