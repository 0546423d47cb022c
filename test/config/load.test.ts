import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { MusterError } from '../../src/lib/errors.ts';
import { temporaryFolder } from '../support/tools.ts';

/** The lines of the `config_invalid` error of a file and an environment, with the file called F. */
async function problems(yaml: string, env: Record<string, string> = {}): Promise<string[]> {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, yaml);
  const error = await failure({ file, env });
  expect(error.code).toBe('config_invalid');
  const [first, ...lines] = error.message.replaceAll(file, 'F').split('\n');
  expect(first).toBe('the configuration is not valid:');
  return lines.map((line) => line.replace(/^ {2}/, ''));
}

async function failure(sources: Parameters<typeof loadConfig>[0]): Promise<MusterError> {
  const error: unknown = await loadConfig(sources).catch((caught: unknown) => caught);
  if (!(error instanceof MusterError)) throw new Error('no MusterError was thrown');
  return error;
}

async function load(yaml: string, env: Record<string, string> = {}) {
  const file = join(await temporaryFolder(), 'station.yaml');
  await writeFile(file, yaml);
  return loadConfig({ file, env });
}

test('without a file and variables the defaults hold', async () => {
  const config = await loadConfig({ env: { PATH: '/bin' } });
  expect(config).toMatchObject({
    site: 'default',
    station: 'station-1',
    data_dir: 'data',
    mqtt: { url: null, version: 'auto', embedded: { host: '127.0.0.1', port: 1883 } },
    capture: { folder: { path: null, after: 'delete', max_mb: 25 } },
    vision: { pack: 'edge', min_face_px: 80, threads: 'auto', detector: { thresholds: [0.6, 0.7, 0.7] } },
    decision: { threshold: 'auto', margin: 0.05, gates: { brightness: [20, 210] } },
  });
});

test('the environment overrules the file, and the file the defaults', async () => {
  const config = await load('site: north\nstation: door-1\nmqtt:\n  keepalive_s: 20\n  in_flight: 8\n', {
    MUSTER_STATION: 'door-2',
    MUSTER_MQTT__IN_FLIGHT: '16',
  });
  expect([config.site, config.station, config.mqtt.keepalive_s, config.mqtt.in_flight]).toEqual([
    'north',
    'door-2',
    20,
    16,
  ]);
  expect(config.mqtt.connect_timeout_s).toBe(10);
});

test('the config is frozen to its leaves', async () => {
  const config = await load('');
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.decision.gates.brightness)).toBe(true);
  expect(() => Object.assign(config.mqtt.embedded, { port: 1 })).toThrow(TypeError);
});

test('an empty file, and sections whose fields are all commented out, are the defaults', async () => {
  const defaults = await loadConfig({ env: {} });
  expect(await load('')).toEqual(defaults);
  expect(await load('# nothing\nmqtt:\n  # url: x\ncapture:\n  folder:\n')).toEqual(defaults);
});

test('aliases are followed', async () => {
  const config = await load('mqtt: { ca_file: &pem /etc/a.pem, cert_file: *pem, key_file: *pem }\n');
  expect(config.mqtt.key_file).toBe('/etc/a.pem');
});

test('every kind of wrong value is named with its place and what is allowed, all at once', async () => {
  const yaml = `site: Süd
station: gallery
data_dir: ""
mqtt:
  url: http://broker
  version: 4
  username: 007
  password: 12345
  keepalive_s: 2.5
outbox: { when_full: maybe }
capture:
  folder:
    polling: "yes"
    max_mb: .inf
vision:
  detector:
    thresholds: [0.6, 0.7]
  threads: 0
decision:
  threshold: null
`;
  expect(await problems(yaml)).toEqual([
    'site (F:1) is "Süd"; allowed: 1 to 32 of the characters a-z, 0-9 and -',
    'station (F:2) is "gallery"; allowed: 1 to 32 of the characters a-z, 0-9 and -, but not config, gallery, bridge',
    'data_dir (F:3) is ""; allowed: text',
    'mqtt.url (F:5) is "http://broker"; allowed: a URL that starts with mqtt://, mqtts://, ws:// or wss:// and holds no user name or password, such as mqtts://broker.example:8883, or null',
    'mqtt.version (F:6) is 4; allowed: auto or 5 or 3',
    'mqtt.username (F:7) is 7 (put it in quotes to make it text); allowed: text or null',
    'mqtt.password (F:8) has a value that is not allowed (put it in quotes to make it text); allowed: text or null',
    'mqtt.keepalive_s (F:9) is 2.5; allowed: a whole number from 5 to 65535',
    'outbox.when_full (F:10) is "maybe"; allowed: refuse, drop_oldest',
    'capture.folder.polling (F:13) is "yes"; allowed: true or false',
    'capture.folder.max_mb (F:14) is Infinity; allowed: a number from 0.01 to 500',
    'vision.detector.thresholds (F:17) is [0.6,0.7]; allowed: a list of 3, each a number from 0 to 1',
    'vision.threads (F:18) is 0; allowed: auto or a whole number from 1 to 64',
    'decision.threshold (F:20) is null; allowed: auto or a number from -1 to 1',
  ]);
});

test.each([
  ['mqtt://host', true],
  ['mqtts://[::1]:8883', true],
  ['wss://broker.example/mqtt?x=1', true],
  ['mqtt://host:99999', false],
  ['mqtt://', false],
  ['broker.example:1883', false],
])('the URL %s is taken: %s', async (url, taken) => {
  const lines = taken ? [] : await problems(`mqtt: { url: "${url}" }\n`);
  expect(taken ? (await load(`mqtt: { url: "${url}" }\n`)).mqtt.url : lines.length).toBe(taken ? url : 1);
});

test('the credentials of a URL, and a password, are not repeated in the message', async () => {
  const lines = await problems('mqtt:\n  url: mqtt://me:pssst@broker\n  password: [pssst]\n');
  expect(lines).toHaveLength(2);
  expect(lines.join('\n')).not.toContain('pssst');
});

test('fields that do not go together are named, also beside a wrong one', async () => {
  const yaml = `mqtt:
  keepalive_s: 0
  password: a
  password_file: b
  cert_file: c
  reconnect_min_ms: 5000
  reconnect_max_ms: 4000
decision: { gates: { brightness: [200, 100] } }
`;
  expect(await problems(yaml)).toEqual([
    'mqtt.keepalive_s (F:2) is 0; allowed: a whole number from 5 to 65535',
    'mqtt.password_file (F:4) is set beside mqtt.password; keep one of the two',
    'mqtt.cert_file (F:5) needs mqtt.key_file beside it',
    'mqtt.reconnect_min_ms (F:6) is 5000 and must not exceed mqtt.reconnect_max_ms, which is 4000',
    'decision.gates.brightness (F:8) is [200, 100]; the first must be the smaller one',
  ]);
  expect(await problems('mqtt: { key_file: k }\n')).toEqual([
    'mqtt.key_file (F:1) needs mqtt.cert_file beside it',
  ]);
});

test('folders of captures that would run in a circle are refused', async () => {
  const again = `is the watched folder itself (${resolve('data/inbox')}), whose photos would be taken again`;
  expect(await problems('capture: { folder: { done: data/inbox, failed: ./data/inbox/ } }\n')).toEqual([
    `capture.folder.done (F:1) ${again}`,
    `capture.folder.failed (F:1) ${again}`,
  ]);
  expect(await problems('capture: { folder: { path: data } }\n')).toEqual([
    `capture.folder.path (F:1) is data_dir itself (${resolve('data')}); use a folder below it`,
  ]);
});

test('a wrong key is answered with the nearest right one', async () => {
  const yaml = `urll: x
url: x
vision:
  minFacePx: 90
  detektor: {}
capture:
  foldr: {}
flux_capacitor: 1
`;
  expect(await problems(yaml)).toEqual([
    'urll (F:1) is not a known key; known here: site, station, data_dir, mqtt, outbox, capture, vision, decision, telemetry, gallery, upkeep, http, influx, bridge, home_assistant, log',
    'url (F:2) is not a known key; did you mean mqtt.url?',
    'vision.minFacePx (F:4) is not a known key; did you mean vision.min_face_px?',
    'vision.detektor (F:5) is not a known key; did you mean vision.detector?',
    'capture.foldr (F:7) is not a known key; did you mean capture.folder?',
    'flux_capacitor (F:8) is not a known key; known here: site, station, data_dir, mqtt, outbox, capture, vision, decision, telemetry, gallery, upkeep, http, influx, bridge, home_assistant, log',
  ]);
});

test('a section that is no section is named', async () => {
  expect(await problems('mqtt: mqtt://broker\ncapture:\n  folder: [a]\n')).toEqual([
    'mqtt (F:1) is "mqtt://broker", but must be a section with keys such as url, version, username',
    'capture.folder (F:3) is ["a"], but must be a section with keys such as path, after, done',
  ]);
  expect(await problems('- a\n- b\n')).toEqual([
    'F:1 is ["a","b"], but must be a section with keys such as site, station, data_dir',
  ]);
});

test('keys that reach for the prototype are wrong keys like others', async () => {
  const lines = await problems(
    '__proto__: { site: x }\nconstructor: { prototype: 1 }\nmqtt: { __proto__: { url: x } }\n',
  );
  expect(lines.map((line) => line.split(' is not a known key')[0])).toEqual([
    '__proto__ (F:1)',
    'constructor (F:2)',
    'mqtt.__proto__ (F:3)',
  ]);
  expect(({} as { site?: unknown }).site).toBeUndefined();
});

test('what would spoil a line of the message is quoted and cut', async () => {
  const lines = await problems(`"a\\u001b[31m\\nb": 1\n${'k'.repeat(300)}: 1\nsite: ${'x'.repeat(300)}\n`);
  expect(lines[0]).toMatch(/^"a\\u001b\[31m\\nb" \(F:1\) is not a known key/);
  expect(lines[1]?.split(' (F:2)')[0]).toHaveLength(80);
  expect(lines[2]).toMatch(/^site \(F:3\) is "x{76}\.\.\.; allowed/);
});

test('YAML that is none is named with line and column', async () => {
  expect(await problems('site: a\nmqtt: [1\nb: 2')).toEqual([
    'F:3 column 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ]);
  expect(await problems('site: a\nsite: b\n')).toEqual(['F:2 column 1: Map keys must be unique']);
  expect(await problems('site: !run a\n')).toEqual(['F:1 column 7: Unresolved tag: !run']);
  expect(await problems('site: a\n---\nsite: b\n')).toEqual([
    'F:2 column 1: There is more than one document in the file',
  ]);
});

test('a file with faults does not hide those of the environment', async () => {
  expect(await problems('mqtt: {', { MUSTER_SITE: 'A' })).toEqual([
    'F:1 column 8: Flow map in block collection must be sufficiently indented and end with a }',
    'site (MUSTER_SITE) is "A"; allowed: 1 to 32 of the characters a-z, 0-9 and -',
  ]);
});

test('hostile files are refused at once', async () => {
  const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let n = 1; n < 12; n++)
    bomb.push(
      `a${n}: &a${n} [${Array<string>(9)
        .fill(`*a${n - 1}`)
        .join(',')}]`,
    );
  expect(await problems(bomb.join('\n'))).toEqual([
    "F:1 can't be read as a configuration: Excessive alias count indicates a resource exhaustion attack",
  ]);
  expect(await problems(`site: ${'x'.repeat(65_536)}`)).toEqual(['F:1 is larger than 64 KiB']);
  expect(await problems(`# ${'ü'.repeat(40_000)}`)).toEqual(['F:1 is larger than 64 KiB']);
  expect((await problems('['.repeat(60_000))).length).toBeLessThan(6);
  const manyKeys = await problems(Array.from({ length: 5000 }, (_, n) => `k${n}: 1`).join('\n'));
  expect(manyKeys).toHaveLength(51);
  expect(manyKeys.at(-1)).toBe('F:51 and after it there are more unknown keys');
});

test('a missing and an unreadable file have codes and remedies of their own', async () => {
  const missing = await failure({ file: '/nowhere/station.yaml', env: {} });
  expect([missing.code, missing.message]).toEqual([
    'config_missing',
    'there is no configuration file /nowhere/station.yaml',
  ]);
  expect(missing.remedy).toBe(
    'Check --config and MUSTER_CONFIG; without both of them muster starts with its defaults.',
  );
  const folder = await temporaryFolder();
  const unreadable = await failure({ file: folder, env: {} });
  expect([unreadable.code, unreadable.message]).toEqual([
    'config_unreadable',
    `the configuration file ${folder} can't be read: EISDIR: illegal operation on a directory, read`,
  ]);
  expect(unreadable.remedy).toBe('Name a YAML file that the user who runs muster may read.');
});
