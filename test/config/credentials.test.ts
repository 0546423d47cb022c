import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, placeOf, readSources, sentence } from '../../src/config/load.ts';
import { readSecret } from '../../src/config/secret.ts';
import { temporaryFolder } from '../support/tools.ts';

async function credentials(
  files: Readonly<Record<string, string>>,
): Promise<{ CREDENTIALS_DIRECTORY: string }> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return { CREDENTIALS_DIRECTORY: folder };
}

test.each(['muster_mqtt.password', 'mqtt.password'])(
  'the credential %s is the password of the broker',
  async (name) => {
    const env = await credentials({ [name]: 'wonderland\n' });
    const config = await loadConfig({ env: { ...env, MUSTER_MQTT__USERNAME: 'door-1' } });
    expect(config.mqtt.password_file).toBe(join(env.CREDENTIALS_DIRECTORY, name));
    expect(await readSecret(config.mqtt, 'password')).toBe('wonderland');
  },
);

test('certificates come in the same way, and the origin is shown', async () => {
  const env = await credentials({ 'muster_mqtt.cert': 'c', 'muster_mqtt.key': 'k', 'muster_mqtt.ca': 'a' });
  const { config, origins } = await readSources({ env });
  const file = join(env.CREDENTIALS_DIRECTORY, 'muster_mqtt.key');
  expect(config?.mqtt).toMatchObject({
    key_file: file,
    ca_file: join(env.CREDENTIALS_DIRECTORY, 'muster_mqtt.ca'),
  });
  expect(placeOf(origins.get('mqtt.key_file')!)).toBe(file);
});

test('they count more than the file and less than the environment', async () => {
  const env = await credentials({ 'muster_influx.token': 't' });
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, 'influx:\n  token_file: /from/the/file\n');
  const byCredential = await loadConfig({ file, env });
  expect(byCredential.influx.token_file).toContain('muster_influx.token');
  const byVariable = await loadConfig({ file, env: { ...env, MUSTER_INFLUX__TOKEN_FILE: '/from/env' } });
  expect(byVariable.influx.token_file).toBe('/from/env');
});

test('one that nobody knows is named, with the one that is meant; those of others are left alone', async () => {
  const env = await credentials({ 'muster_mqtt.pasword': 'x', 'other.service': 'y' });
  const { problems } = await readSources({ env });
  expect(problems.map(sentence)).toEqual([
    `${join(env.CREDENTIALS_DIRECTORY, 'muster_mqtt.pasword')} is not a known credential; did you mean mqtt.password?`,
  ]);
});

test('a folder that is gone holds none, and one that is no folder is said', async () => {
  expect((await readSources({ env: { CREDENTIALS_DIRECTORY: '/nowhere' } })).problems).toEqual([]);
  const file = join(await temporaryFolder(), 'file');
  await mkdir(`${file}s`);
  await writeFile(file, '');
  const { problems } = await readSources({ env: { CREDENTIALS_DIRECTORY: file } });
  expect(problems.map(sentence)).toEqual([`${file} can't be read: ENOTDIR`]);
});
