import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { parse } from 'yaml';
import { muster } from '../support/station.ts';
import { hasProgram, isRoot } from '../support/programs.ts';
import { temporaryFolder } from '../support/tools.ts';

const runs = isRoot && hasProgram('systemd-sysusers');
const title = runs ? 'muster install' : 'muster install (skipped: it needs root and systemd-sysusers)';

/** As much of a system as `install` looks at. */
async function newSystem(): Promise<string> {
  const root = await temporaryFolder();
  for (const folder of ['etc', 'bin']) await mkdir(join(root, folder));
  await cp(await realpath('/bin/sh'), join(root, 'bin', 'sh'));
  await writeFile(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  await writeFile(join(root, 'etc', 'group'), 'root:x:0:\nvideo:x:44:\n');
  await writeFile(join(root, 'etc', 'hostname'), 'Front_Door.example.org\n');
  return root;
}

/** What each step came to, by what it is about. */
async function run(root: string, ...args: readonly string[]): Promise<Record<string, string>> {
  const { status, stdout, stderr } = await muster(root, [...args, '--root', root]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s{2,}/).toReversed() as [string, string]),
  );
}

async function tree(root: string): Promise<readonly string[]> {
  return (await readdir(root, { recursive: true })).toSorted();
}

describe.skipIf(!runs)(title, () => {
  it('sets everything up, once, and uninstall undoes it', { timeout: 120_000 }, async () => {
    const root = await newSystem();
    const untouched = await tree(root);

    const planned = await run(root, 'install', '--dry-run');
    expect(planned['/opt/muster']).toBe('would copy');
    expect(await tree(root)).toEqual(untouched);

    const done = await run(root, 'install');
    expect(Object.keys(done)).toEqual(Object.keys(planned));
    expect(Object.values(done)).not.toContain('as it is');

    const passwd = await readFile(join(root, 'etc/passwd'), 'utf8');
    const [, uid] = /^muster:[^:]*:(\d+):\d+:.*:\/var\/lib\/muster:.*nologin$/m.exec(passwd) ?? [];
    const state = await stat(join(root, 'var/lib/muster'));
    expect([state.uid, state.mode & 0o777]).toEqual([Number(uid), 0o750]);
    const config = await stat(join(root, 'etc/muster/station.yaml'));
    expect([config.uid, config.gid, config.mode & 0o777]).toEqual([0, state.gid, 0o640]);
    expect((await stat(join(root, 'etc/muster/credentials'))).mode & 0o777).toBe(0o750);
    const settings: unknown = parse(await readFile(join(root, 'etc/muster/station.yaml'), 'utf8'));
    expect(configSchema.parse(settings)).toMatchObject({
      station: 'front-door',
      data_dir: '/var/lib/muster',
    });
    expect(await readlink(join(root, 'etc/systemd/system/multi-user.target.wants/muster.service'))).toBe(
      '/etc/systemd/system/muster.service',
    );

    // Nothing is done twice, and what a person has changed stays.
    await writeFile(join(root, 'etc/muster/station.yaml'), 'station: mine\n');
    expect(new Set(Object.values(await run(root, 'install')))).toEqual(new Set(['as it is']));
    await chmod(join(root, 'etc/muster/credentials'), 0o777);
    expect(await run(root, 'install')).toMatchObject({
      '/etc/muster/credentials': 'set mode 750',
      '/etc/muster/station.yaml': 'as it is',
    });

    await run(root, 'uninstall');
    expect(existsSync(join(root, 'opt/muster'))).toBe(false);
    expect(existsSync(join(root, 'etc/systemd/system/muster.service'))).toBe(false);
    expect(await readFile(join(root, 'etc/muster/station.yaml'), 'utf8')).toBe('station: mine\n');
    expect(existsSync(join(root, 'var/lib/muster'))).toBe(true);

    await run(root, 'uninstall', '--purge');
    const left = (await tree(root)).filter((path) => /muster/.test(path));
    expect(left).toEqual(['etc/muster']);
    expect(await readFile(join(root, 'etc/passwd'), 'utf8')).not.toContain('muster');
  });

  it(
    'copies a program that runs, without packages for developers and binaries for other machines',
    { timeout: 120_000 },
    async () => {
      const root = await newSystem();
      await run(root, 'install', '--bridge');
      const program = join(root, 'opt/muster');
      const unit = await readFile(join(root, 'etc/systemd/system/muster-bridge.service'), 'utf8');
      const [, node = '', script = ''] = /^ExecStart=(\S+) (\S+) bridge$/m.exec(unit) ?? [];
      const installedNode = existsSync(join(root, node)) ? join(root, node) : node;
      const { stdout, stderr } = spawnSync(
        installedNode,
        [join(root, script), 'models', 'verify', '--json'],
        {
          encoding: 'utf8',
        },
      );
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ ok: true });
      const files = await tree(join(program, 'node_modules'));
      expect(files.some((path) => path.startsWith('vitest') || path.startsWith('typescript'))).toBe(false);
      const native = files.filter((path) => path.endsWith('.node') && !path.startsWith('.'));
      expect(native).toHaveLength(3);
      for (const path of native) expect(path).toMatch(/linux[-/](x64|arm64)/);
      expect(files.filter((path) => /\.(dll|dylib)$/.test(path))).toEqual([]);

      // The program stays as long as the station or the bridge needs it.
      expect(await run(root, 'install')).toMatchObject({ '/opt/muster': 'as it is' });
      await run(root, 'uninstall', '--purge');
      expect(existsSync(join(program, 'bin/muster.js'))).toBe(true);
      await run(root, 'uninstall', '--bridge', '--purge');
      expect(existsSync(program)).toBe(false);
    },
  );

  it('refuses a folder without a system, and one for another processor', async () => {
    const dir = await temporaryFolder();
    const empty = await muster(dir, ['install', '--root', dir]);
    expect(empty.status).toBe(2);
    expect(empty.stderr).toContain('holds no system (no bin/sh)');
    await mkdir(join(dir, 'bin'));
    const header = Buffer.alloc(64);
    header.writeUInt16LE(0x28, 18);
    await writeFile(join(dir, 'bin/sh'), header);
    const foreign = await muster(dir, ['install', '--root', dir]);
    expect(foreign.stderr).toContain('is a system for another processor');
  });
});

const withoutRoot = isRoot && hasProgram('setpriv');

it.skipIf(!withoutRoot)('without root: the remedy is the command to give', async () => {
  const dir = await temporaryFolder();
  await chmod(dir, 0o755);
  const script = join(import.meta.dirname, '../../bin/muster.js');
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, script];
  const { status, stderr } = spawnSync('setpriv', [...as, 'install'], { encoding: 'utf8', cwd: dir });
  expect(status).toBe(2);
  expect(stderr).toContain('only root may set up a service');
  expect(stderr).toContain(`sudo "${process.execPath}"`);
});
