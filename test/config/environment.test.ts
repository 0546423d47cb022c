import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configFields, valueIn } from '../../src/config/fields.ts';
import { loadConfig, readSources, sentence } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/tools.ts';

test.each<[variable: string, text: string, field: string, value: unknown]>([
  ['MUSTER_SITE', 'north', 'site', 'north'],
  ['MUSTER_STATION', '007', 'station', '007'],
  ['MUSTER_MQTT__URL', 'mqtts://broker:8883', 'mqtt.url', 'mqtts://broker:8883'],
  ['MUSTER_MQTT__URL', 'null', 'mqtt.url', null],
  ['MUSTER_MQTT__URL', '', 'mqtt.url', null],
  ['MUSTER_MQTT__PASSWORD', '0123', 'mqtt.password', '0123'],
  ['MUSTER_MQTT__PASSWORD', 'a: b #c "d" [', 'mqtt.password', 'a: b #c "d" ['],
  ['MUSTER_MQTT__VERSION', '5', 'mqtt.version', 5],
  ['MUSTER_MQTT__EMBEDDED__PORT', '18830', 'mqtt.embedded.port', 18830],
  ['MUSTER_OUTBOX__WHEN_FULL', 'drop_oldest', 'outbox.when_full', 'drop_oldest'],
  ['MUSTER_CAPTURE__FOLDER__PATH', '/srv/in box', 'capture.folder.path', '/srv/in box'],
  ['MUSTER_CAPTURE__FOLDER__POLLING', 'true', 'capture.folder.polling', true],
  ['MUSTER_VISION__THREADS', '2', 'vision.threads', 2],
  ['MUSTER_VISION__THREADS', 'auto', 'vision.threads', 'auto'],
  ['MUSTER_VISION__DETECTOR__THRESHOLDS', '[0.5, 0.6, 0.7]', 'vision.detector.thresholds', [0.5, 0.6, 0.7]],
  ['MUSTER_DECISION__THRESHOLD', '-0.5', 'decision.threshold', -0.5],
  ['MUSTER_LOG__LEVEL', 'debug', 'log.level', 'debug'],
])('%s=%s', async (variable, text, name, value) => {
  const config = await loadConfig({ env: { [variable]: text } });
  expect(valueIn(config, configFields.get(name)?.path ?? [])).toEqual(value);
});

test('every field has a variable of its own', () => {
  const variables = [...configFields.values()].map((field) => field.variable);
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables).toContain('MUSTER_CAPTURE__FOLDER__STABLE_MS');
});

test('wrong variables and values are named with the variable, all at once', async () => {
  const { config, problems } = await readSources({
    env: {
      MUSTER_CONFIG: 'station.yaml',
      MUSTER_MQTT__URLL: 'x',
      MUSTER_MQTT: '{}',
      MUSTER_PORT: 'tcp://10.0.0.1:80',
      muster_site: 'not ours',
      MUSTER_VISION__THREADS: '[1',
      MUSTER_CAPTURE__FOLDER__POLLING: 'maybe',
      MUSTER_MQTT__PASSWORD_FILE: 'a',
      MUSTER_MQTT__PASSWORD: 'b',
    },
  });
  expect(config).toBeNull();
  expect(problems.map(sentence)).toEqual([
    'MUSTER_MQTT__URLL is not a known variable; did you mean MUSTER_MQTT__URL?',
    'MUSTER_MQTT is a section, which takes no value; set its fields one by one, such as MUSTER_MQTT__URL',
    'MUSTER_PORT is not a known variable',
    'mqtt.password_file (MUSTER_MQTT__PASSWORD_FILE) is set beside mqtt.password; keep one of the two',
    'capture.folder.polling (MUSTER_CAPTURE__FOLDER__POLLING) is "maybe"; allowed: true or false',
    'vision.threads (MUSTER_VISION__THREADS) is "[1"; allowed: auto or a whole number from 1 to 64',
  ]);
});

test('a secret in the environment overrules its file in the config file, and the other way round', async () => {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, 'mqtt: { password_file: /run/secret }\n');
  const byValue = await loadConfig({ file, env: { MUSTER_MQTT__PASSWORD: 'x' } });
  expect([byValue.mqtt.password, byValue.mqtt.password_file]).toEqual(['x', null]);
  await writeFile(file, 'mqtt: { password: x }\n');
  const byFile = await loadConfig({ file, env: { MUSTER_MQTT__PASSWORD_FILE: '/run/secret' } });
  expect([byFile.mqtt.password, byFile.mqtt.password_file]).toEqual([null, '/run/secret']);
});
