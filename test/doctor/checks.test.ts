import { mkdir, writeFile, chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checks } from '../../src/doctor/checks/index.ts';
import type { CheckedFinding } from '../../src/doctor/contract.ts';
import { examine } from '../../src/doctor/doctor.ts';
import { createHost, type Host } from '../../src/doctor/host.ts';
import { MusterError } from '../../src/lib/errors.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

interface Machine extends Partial<Host> {
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly programs?: Readonly<Record<string, string>>;
}

/** Names in a folder, of the files in it. */
function namesBelow(folder: string, files: Readonly<Record<string, string>>): readonly string[] {
  const below = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
  return [...new Set(below.map((path) => path.slice(folder.length + 1).split('/')[0]!))];
}

/** What one check says of a machine. What the machine is not told to be, it is a good Raspberry Pi. */
async function said(
  name: string,
  machine: Machine = {},
  env: Record<string, string> = {},
): Promise<readonly CheckedFinding[]> {
  const { files = {}, folders = {}, programs = {}, ...rest } = machine;
  const dir = await temporaryFolder();
  const config = await loadConfig({
    env: {
      MUSTER_DATA_DIR: join(dir, 'data'),
      MUSTER_MQTT__EMBEDDED__PORT: '0',
      MUSTER_HTTP__PORT: '0',
      ...env,
    },
  });
  const host: Host = {
    ...createHost(),
    platform: 'linux',
    arch: 'arm64',
    nodeVersion: '24.11.0',
    glibc: '2.41',
    cores: 4,
    cpu: 'Cortex-A76',
    memory: { totalBytes: 4e9, availableBytes: 3e9 },
    now: () => Date.parse('2026-11-23T09:00:00Z'),
    read: (path) => Promise.resolve(files[path] ?? null),
    list: (path) => Promise.resolve(folders[path] ?? namesBelow(path, files)),
    mayWrite: () => Promise.resolve(true),
    room: () => Promise.resolve({ freeBytes: 20e9, totalBytes: 30e9 }),
    run: (program) => Promise.resolve(programs[program] ?? null),
    ...rest,
  };
  return await examine(
    checks.filter((check) => check.name === name),
    { host, config },
  );
}

const mb = 2 ** 20;
const cases: readonly (readonly [
  what: string,
  check: string,
  machine: Machine,
  level: string,
  message: RegExp,
  remedy?: RegExp,
])[] = [
  [
    'a Pi',
    'board',
    { files: { '/proc/device-tree/model': 'Raspberry Pi 5', '/etc/os-release': 'PRETTY_NAME="Debian 13"' } },
    'ok',
    /Raspberry Pi 5, Debian 13, arm64/,
  ],
  ['a 32-bit system', 'board', { arch: 'arm' }, 'failure', /64-bit only/, /64-bit edition/],
  ['a Mac', 'board', { platform: 'darwin' }, 'failure', /runs/, /needs Linux/],
  ['musl', 'libc', { glibc: null }, 'failure', /not glibc/, /Alpine/],
  ['an old C library', 'libc', { glibc: '2.27' }, 'failure', /2\.27 is older than 2\.28/, /Debian 11/],
  ['a good C library', 'libc', {}, 'ok', /2\.41/],
  ['an old Node', 'node', { nodeVersion: '20.11.1' }, 'failure', /too old/, /Node 24/],
  ['Node 20', 'node', { nodeVersion: '20.20.2' }, 'warning', /no security fixes/, /Node 24/],
  ['Node 24', 'node', {}, 'ok', /24\.11/],
  [
    'little memory',
    'memory',
    { memory: { totalBytes: 380 * mb, availableBytes: 100 * mb } },
    'warning',
    /380 MiB/,
    /swap/,
  ],
  ['no cpuinfo', 'cpu', {}, 'none', /4 cores/],
  [
    'dot products',
    'cpu',
    { files: { '/proc/cpuinfo': 'Features\t: fp asimd asimddp' } },
    'ok',
    /fast integer/,
  ],
  ['no thermometer', 'temperature', {}, 'none', /does not tell/],
  [
    'a warm board',
    'temperature',
    { files: { '/sys/class/thermal/thermal_zone0/temp': '74100' } },
    'warning',
    /74 °C/,
    /heat sink/,
  ],
  [
    'a hot board',
    'temperature',
    { files: { '/sys/class/thermal/thermal_zone0/temp': '83000' } },
    'warning',
    /slows down/,
    /fan/,
  ],
  [
    'a cool board',
    'temperature',
    { files: { '/sys/class/thermal/thermal_zone0/temp': '51200' } },
    'ok',
    /51 °C/,
  ],
  [
    'little room',
    'disk',
    { room: () => Promise.resolve({ freeBytes: 300 * mb, totalBytes: 16e9 }) },
    'warning',
    /not kept any more/,
    /vacuum/,
  ],
  [
    'no room',
    'disk',
    { room: () => Promise.resolve({ freeBytes: 20 * mb, totalBytes: 16e9 }) },
    'failure',
    /almost full/,
    /apt clean/,
  ],
  ['no rights', 'disk', { mayWrite: () => Promise.resolve(false) }, 'failure', /may not write/, /chown/],
  [
    'a read-only card',
    'disk',
    {
      mayWrite: () => Promise.resolve(false),
      files: { '/proc/mounts': '/dev/mmcblk0p2 / ext4 ro,noatime 0 0' },
    },
    'failure',
    /read-only/,
    /dmesg/,
  ],
  [
    'a worn card',
    'disk',
    {
      folders: { '/sys/block/': ['mmcblk0'] },
      files: { '/sys/block/mmcblk0/device/life_time': '0x02 0x0a' },
    },
    'warning',
    /100 % of its life/,
    /cp -a .*data/,
  ],
  [
    'a synchronised clock',
    'clock',
    { programs: { timedatectl: 'yes' }, folders: { '/sys/class/rtc/': ['rtc0'] } },
    'ok',
    /with a clock module/,
  ],
  [
    'an unset clock',
    'clock',
    { programs: { timedatectl: 'no' } },
    'warning',
    /without a clock module/,
    /set-ntp true/,
  ],
  ['a clock of 1970', 'clock', { now: () => 5_000 }, 'failure', /1970/, /NTP/],
  ['no timedatectl', 'clock', {}, 'none', /can not be asked/],
  ['no systemd', 'service', {}, 'none', /no systemd/],
  [
    'no unit',
    'service',
    { programs: { systemctl: 'LoadState=not-found\nActiveState=inactive' } },
    'none',
    /not installed/,
  ],
  [
    'a failed unit',
    'service',
    { programs: { systemctl: 'LoadState=loaded\nActiveState=failed' } },
    'failure',
    /has failed/,
    /journalctl/,
  ],
  [
    'a stopped unit',
    'service',
    { programs: { systemctl: 'LoadState=loaded\nActiveState=inactive' } },
    'warning',
    /inactive/,
    /systemctl start/,
  ],
  [
    'a unit that is not enabled',
    'service',
    { programs: { systemctl: 'LoadState=loaded\nActiveState=active\nUnitFileState=disabled' } },
    'warning',
    /next start/,
    /enable/,
  ],
  [
    'a unit that came back',
    'service',
    { programs: { systemctl: 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=3' } },
    'warning',
    /3 times/,
    /journalctl/,
  ],
  [
    'a good unit',
    'service',
    { programs: { systemctl: 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=0' } },
    'ok',
    /active/,
  ],
  ['no secrets', 'secrets', {}, 'none', /no file/],
  ['no gallery', 'gallery', {}, 'warning', /nobody is recognised/, /muster enroll/],
  ['no store', 'store', {}, 'none', /first start/],
  ['no upkeep', 'upkeep', {}, 'none', /has run yet/],
  ['no database', 'database', {}, 'none', /influx\.url is not set/],
  ['whole models', 'models', {}, 'ok', /pack edge is whole/],
];

describe('muster doctor says of', () => {
  it.each(
    cases.map(([what, check, machine, level, message, remedy]) => ({
      what,
      check,
      machine,
      level,
      message,
      remedy,
    })),
  )('$what ($check)', async ({ check, machine, level, message, remedy }) => {
    const findings = await said(check, machine);
    const found = findings.find((finding) => finding.level === level && message.test(finding.message));
    expect(found, JSON.stringify(findings)).toBeDefined();
    const isWrong = level === 'warning' || level === 'failure';
    expect(found?.remedy ?? '').toMatch(remedy ?? (isWrong ? /./ : /^$/));
  });

  it('the power of a Raspberry Pi, and the heat of other boards', async () => {
    const drivers = '/sys/bus/platform/drivers/raspberrypi-firmware';
    const told = async (bits: string) =>
      (await said('temperature', { files: { [`${drivers}/soc:firmware/get_throttled`]: bits } })).at(-1);
    expect(await told('0')).toMatchObject({ level: 'ok' });
    expect(await told('50005')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/at this moment/) as string,
    });
    expect(await told('50000')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/since the start/) as string,
    });
    expect(await told('20000')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/slowed down/) as string,
    });
    const ofPi5 = { [`${drivers}/soc@107c000000:firmware/get_throttled`]: '50005' };
    expect((await said('temperature', { files: ofPi5 })).at(-1)).toMatchObject({
      level: 'warning',
      remedy: expect.stringContaining('5 A for a Pi 5') as string,
    });
    const cooling = '/sys/class/thermal/cooling_device0';
    const ofOrangePi = { [`${cooling}/type`]: 'cpufreq-cpu0', [`${cooling}/cur_state`]: '2' };
    expect((await said('temperature', { files: ofOrangePi })).at(-1)).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/kernel has slowed/) as string,
    });
  });

  it('secrets that others may read, or that this user may not', async () => {
    const dir = await temporaryFolder();
    const file = join(dir, 'password');
    await writeFile(file, 'x');
    await chmod(file, 0o644);
    const env = { MUSTER_MQTT__PASSWORD_FILE: file };
    expect(await said('secrets', { files: { [file]: 'x' } }, env)).toMatchObject([
      { level: 'warning', remedy: `chmod 600 ${file}` },
    ]);
    await chmod(file, 0o600);
    expect(await said('secrets', { files: { [file]: 'x' } }, env)).toMatchObject([{ level: 'ok' }]);
    expect(await said('secrets', {}, { MUSTER_MQTT__PASSWORD_FILE: join(dir, 'none') })).toMatchObject([
      { level: 'failure' },
    ]);
  });

  it('jobs of the upkeep that failed', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'data'));
    const run = { at: '2026-11-23T03:17:00.000Z', ms: 4, by: 'schedule', message: 'no room' };
    const jobs = {
      retention: { last: { ...run, ok: false }, due: null },
      summary: { last: { ...run, ok: true }, due: null },
    };
    await writeFile(join(dir, 'data', 'upkeep.json'), JSON.stringify({ jobs }));
    expect(await said('upkeep', {}, { MUSTER_DATA_DIR: join(dir, 'data') })).toMatchObject([
      {
        level: 'warning',
        message: expect.stringContaining('no room') as string,
        remedy: expect.stringContaining('{"run":"retention"}') as string,
      },
    ]);
  });

  it('a port that is free, is a station, or is somebody else', async () => {
    const listen = async (body: object) => {
      const server = createServer((_, response) => response.end(JSON.stringify(body)));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      return String((server.address() as AddressInfo).port);
    };
    const onPort = (port: string) => said('http', {}, { MUSTER_HTTP__PORT: port });
    expect(await onPort(await listen({ 'API Status': 200, state: 'ready' }))).toMatchObject([
      { level: 'ok' },
    ]);
    expect(await onPort(await listen({ 'API Status': 200, state: 'degraded' }))).toMatchObject([
      { level: 'warning' },
    ]);
    expect(await onPort(await listen({ hello: 'world' }))).toMatchObject([
      { level: 'failure', remedy: expect.stringContaining('ss -ltnp') as string },
    ]);
  });

  it('a camera: none, one that gives pictures, one that is silent, and what is not there', async () => {
    const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
    const serve = async (picture: Buffer | null) => {
      const server = createServer((_, response) => {
        if (picture !== null) response.end(picture);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/picture`;
    };
    const snapshot = (url: string) =>
      said(
        'camera',
        {},
        {
          MUSTER_CAPTURE__CAMERA__SOURCE: 'http-snapshot',
          MUSTER_CAPTURE__CAMERA__URL: url,
          MUSTER_CAPTURE__CAMERA__STALL_S: '1',
        },
      );
    expect(await said('camera')).toMatchObject([{ level: 'none' }]);
    expect(await snapshot(await serve(jpeg))).toMatchObject([
      { level: 'ok', message: expect.stringContaining('1 kB') as string },
    ]);
    expect(await snapshot(await serve(null))).toMatchObject([
      { level: 'failure', remedy: expect.any(String) as string },
    ]);
    const noDevice = {
      MUSTER_CAPTURE__CAMERA__SOURCE: 'v4l2',
      MUSTER_CAPTURE__CAMERA__DEVICE: '/dev/video99',
    };
    // Without ffmpeg it says so instead.
    expect(await said('camera', {}, noDevice)).toMatchObject([
      { level: 'failure', remedy: expect.stringMatching(/muster camera list|apt install ffmpeg/) as string },
    ]);
  });

  it('the camera of a station that runs: what the station says of it', async () => {
    const answers = async (state: string) => {
      const server = createServer((_, response) =>
        response.end(JSON.stringify({ health: { camera: { state, fps: 9.8 } } })),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const env = { MUSTER_HTTP__PORT: `${port}`, MUSTER_CAPTURE__CAMERA__SOURCE: 'rpicam' };
      return (await said('camera', {}, env))[0];
    };
    expect(await answers('running')).toMatchObject({
      level: 'ok',
      message: expect.stringContaining('9.8') as string,
    });
    expect(await answers('starting')).toMatchObject({ level: 'warning' });
    expect(await answers('failing')).toMatchObject({
      level: 'failure',
      remedy: expect.stringContaining('camera test') as string,
    });
  });

  it('a broker that is there, with its rights, without a word that others must heed', async () => {
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url());
    const [reached, rights] = await said('broker', {}, { MUSTER_MQTT__URL: broker.url() });
    expect(reached).toMatchObject({ level: 'ok', message: expect.stringContaining('MQTT 3.1.1') as string });
    expect(rights).toMatchObject({ level: 'ok' });
    await eventually('both words', () => messages.length >= 2);
    expect(messages.map(({ topic }) => topic.split('/').slice(4).join('/')).toSorted()).toEqual([
      'alert/doctor',
      'res/doctor',
    ]);
  });

  it('a broker that is away', async () => {
    const env = { MUSTER_MQTT__URL: 'mqtt://127.0.0.1:9', MUSTER_MQTT__CONNECT_TIMEOUT_S: '2' };
    expect(await said('broker', {}, env)).toMatchObject([
      { level: 'failure', remedy: expect.any(String) as string },
    ]);
  });
});

it('a check that throws or hangs is a failure of its own, and holds up no other', async () => {
  const config = await loadConfig({ env: {} });
  const fine = { level: 'ok', message: 'fine' } as const;
  const findings = await examine(
    [
      { name: 'a', run: () => Promise.resolve(fine) },
      { name: 'b', run: () => Promise.reject(new MusterError('x', 'broken', { remedy: 'mend it' })) },
      { name: 'c', run: () => new Promise<typeof fine>(() => undefined) },
      { name: 'd', run: () => Promise.resolve([fine, fine]) },
    ],
    { host: createHost(), config },
    50,
  );
  expect(findings).toEqual([
    { check: 'a', ...fine },
    { check: 'b', level: 'failure', message: 'broken', remedy: 'mend it' },
    { check: 'c', level: 'failure', message: 'no answer within 0.05 s' },
    { check: 'd', ...fine },
    { check: 'd', ...fine },
  ]);
});
