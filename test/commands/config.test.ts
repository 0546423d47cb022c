import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/artefacts.ts';
import { loadConfig } from '../../src/config/load.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function config(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(packageRoot, 'bin/muster.js'), 'config', ...args],
      { env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
  });
}

async function fileOf(yaml: string): Promise<string> {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, yaml);
  return file;
}

test('check takes the file as argument, from --config, or none', async () => {
  const file = await fileOf('site: north\n');
  const valid = { status: 0, stdout: `${file} is valid.\n`, stderr: '' };
  expect(await config(['check', file])).toEqual(valid);
  expect(await config(['check', '--config', file])).toEqual(valid);
  expect(await config(['check'])).toMatchObject({
    status: 0,
    stdout: 'The configuration without a file is valid.\n',
  });
});

test('check lists every problem and ends with 1', async () => {
  const file = await fileOf('site: North\nmqtt: { urll: x }\n');
  const env = { MUSTER_MQTT__KEEPALIVE_S: '1' };
  expect(await config(['check', file], env)).toEqual({
    status: 1,
    stdout: [
      `mqtt.urll (${file}:2) is not a known key; did you mean mqtt.url?`,
      `site (${file}:1) is "North"; allowed: 1 to 32 of the characters a-z, 0-9 and -`,
      'mqtt.keepalive_s (MUSTER_MQTT__KEEPALIVE_S) is 1; allowed: a whole number from 5 to 65535\n',
    ].join('\n'),
    stderr: '',
  });
  const { status, stdout } = await config(['check', file, '--json'], env);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: [
      { name: 'mqtt.urll', place: `${file}:2` },
      { name: 'site', place: `${file}:1` },
      { name: 'mqtt.keepalive_s', place: 'MUSTER_MQTT__KEEPALIVE_S' },
    ],
  });
});

test('check of a file that is missing ends with 2', async () => {
  expect(await config(['check', '/nowhere.yaml'])).toMatchObject({ status: 2, stdout: '' });
});

test('show prints valid YAML with the origin of each value, and no secret', async () => {
  const file = await fileOf('site: north\nmqtt:\n  username: "a\\nb"\n');
  const env = { MUSTER_MQTT__PASSWORD: 'pssst', MUSTER_VISION__DETECTOR__THRESHOLDS: '[0.5, 0.6, 0.7]' };
  const { status, stdout, stderr } = await config(['show', '--config', file], env);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      `site: north # ${file}:1`,
      'station: station-1 # default',
      `  username: "a\\nb" # ${file}:3`,
      '  password: "***" # MUSTER_MQTT__PASSWORD',
      '    thresholds: [0.5, 0.6, 0.7] # MUSTER_VISION__DETECTOR__THRESHOLDS',
    ]),
  );
  expect(stdout).not.toContain('pssst');
  const effective = await loadConfig({ file, env });
  expect(parse(stdout)).toEqual({ ...effective, mqtt: { ...effective.mqtt, password: '***' } });
});

test('show --json prints config and origins', async () => {
  const { stdout } = await config(['show', '--json'], {
    MUSTER_MQTT__PASSWORD: 'pssst',
    MUSTER_SITE: 'north',
  });
  expect(JSON.parse(stdout)).toMatchObject({
    config: { site: 'north', mqtt: { url: null, password: '***' } },
    origins: { site: 'MUSTER_SITE', 'mqtt.url': 'default' },
  });
});

test('show of an invalid configuration says what is wrong and ends with 2', async () => {
  expect(await config(['show'], { MUSTER_SITE: 'N' })).toEqual({
    status: 2,
    stdout: '',
    stderr: [
      'muster: the configuration is not valid:',
      '  site (MUSTER_SITE) is "N"; allowed: 1 to 32 of the characters a-z, 0-9 and -',
      'Every field is described in config/station.example.yaml and by `muster config schema`.\n',
    ].join('\n'),
  });
});

test('schema prints the JSON Schema', async () => {
  const { status, stdout } = await config(['schema']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual(configJsonSchema());
});
