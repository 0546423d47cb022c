import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../demo/free-port.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { hasOpenssl } from '../support/certificates.ts';
import { hasMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const deploy = join(packageRoot, 'deploy');
const withoutOpenssl = 'skipped: the program openssl is not installed';

describe.skipIf(!hasOpenssl)(`deploy/site-server.sh${hasOpenssl ? '' : `, ${withoutOpenssl}`}`, () => {
  test('makes every secret that compose.yaml names, in a folder of its owner alone', async () => {
    const dir = await temporaryFolder();
    siteServer(dir, 'init', 'site.example', '192.0.2.7');
    const { secrets } = parse(await readFile(join(deploy, 'compose.yaml'), 'utf8')) as {
      secrets: Record<string, { file: string }>;
    };
    const made = await readdir(dir);
    for (const { file } of Object.values(secrets)) expect(made).toContain(file.replace('./secrets/', ''));
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'ca.key'))).mode & 0o777).toBe(0o600);
  });

  test('the certificates are of its authority; that of the broker holds the names', async () => {
    const dir = await temporaryFolder();
    siteServer(dir, 'init', 'site.example', '192.0.2.7');
    siteServer(dir, 'station', 'door-1', 'door-2');
    for (const name of ['server', 'bridge', 'admin', 'door-1', 'door-2']) {
      expect(openssl(dir, 'verify', '-CAfile', 'ca.crt', `${name}.crt`)).toContain('OK');
      expect(openssl(dir, 'x509', '-in', `${name}.crt`, '-noout', '-subject')).toMatch(
        new RegExp(`CN ?= ?${name}$`, 'm'),
      );
    }
    const names = openssl(dir, 'x509', '-in', 'server.crt', '-noout', '-ext', 'subjectAltName');
    for (const name of ['DNS:mosquitto', 'DNS:site.example', 'IP Address:192.0.2.7'])
      expect(names).toContain(name);
  });

  test('run again it changes nothing; renew makes new certificates of the same authority', async () => {
    const dir = await temporaryFolder();
    siteServer(dir, 'init', 'site.example');
    const before = await contents(dir);
    siteServer(dir, 'init', 'site.example');
    expect(await contents(dir)).toEqual(before);
    siteServer(dir, 'renew');
    const after = await contents(dir);
    expect(after['ca.crt']).toBe(before['ca.crt']);
    expect(after['influxdb-admin-token']).toBe(before['influxdb-admin-token']);
    expect(after['server.crt']).not.toBe(before['server.crt']);
    expect(openssl(dir, 'verify', '-CAfile', 'ca.crt', 'server.crt')).toContain('OK');
  });

  test('a station can not have a name that the broker gives rights to', async () => {
    const dir = await temporaryFolder();
    siteServer(dir, 'init', 'site.example');
    for (const name of ['bridge', 'admin', 'Door', '../x']) {
      expect(() => siteServer(dir, 'station', name)).toThrow(/can't be a station/);
    }
  });
});

const runs = hasMosquitto && hasOpenssl;
const why = hasOpenssl ? withoutMosquitto : withoutOpenssl;

describe.skipIf(!runs)(`the broker of deploy/compose.yaml${runs ? '' : `, ${why}`}`, () => {
  test('starts as compose starts it, with the site named, and lets each write its own only', async () => {
    const { url, secrets } = await startComposeBroker('annex');
    siteServer(secrets, 'station', 'door-1');
    const bridge = await client(url, secrets, 'bridge');
    const heard: string[] = [];
    bridge.on('message', (topic) => heard.push(topic));
    await bridge.subscribeAsync('muster/1/annex/+/health', { qos: 1 });
    const publish = async (station: string) => {
      const door = await client(url, secrets, 'door-1');
      return door.publishAsync(`muster/1/annex/${station}/health`, '{}', { qos: 1 });
    };
    await expect(publish('door-2')).rejects.toThrow('Not authorized');
    await publish('door-1');
    await eventually('the message to arrive', () => heard.length > 0);
    expect(heard).toEqual(['muster/1/annex/door-1/health']);
  });
});

/** The command of the service, run by a shell; only paths and the port are the test's. */
async function startComposeBroker(site: string): Promise<{ url: string; secrets: string }> {
  const dir = await temporaryFolder();
  const secrets = join(dir, 'secrets');
  siteServer(secrets, 'init', 'localhost');
  const port = await freePort();
  await mkdir(join(dir, 'muster'));
  await mkdir(join(dir, 'tmp'));
  const conf = await readFile(join(deploy, 'mosquitto/mosquitto.conf'), 'utf8');
  const moved = conf
    .replace('listener 8883', `listener ${port} 127.0.0.1`)
    .replaceAll('/etc/mosquitto/muster/', `${secrets}/`);
  await writeFile(
    join(dir, 'muster/mosquitto.conf'),
    `${moved}${process.getuid?.() === 0 ? '\nuser root\n' : ''}`,
  );
  await writeFile(join(dir, 'muster/acl'), await readFile(join(deploy, 'mosquitto/acl'), 'utf8'));
  const { services } = parse(await readFile(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: { mosquitto: { command: [string, string, string] } };
  };
  const [shell, flags, script] = services.mosquitto.command;
  const here = script
    .replaceAll('$$', '$')
    .replaceAll('/muster/mosquitto.conf', `${dir}/muster/mosquitto.conf`)
    .replaceAll('/muster/acl', `${dir}/muster/acl`)
    .replaceAll('/mosquitto/data/', `${dir}/`)
    .replaceAll('/tmp/mosquitto.conf', `${dir}/tmp/mosquitto.conf`)
    .replaceAll('/tmp/acl', `${dir}/tmp/acl`);
  const child = spawn(shell, [flags, here], {
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`, MUSTER_SITE: site },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await exited;
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually('mosquitto to run', () => {
    if (child.exitCode !== null) throw new Error(output);
    return / running/.test(output);
  });
  return { url: `mqtts://127.0.0.1:${port}`, secrets };
}

async function client(url: string, secrets: string, name: string) {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', `${name}.crt`, `${name}.key`].map((file) => readFile(join(secrets, file))),
  );
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const connected = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...tls }, false);
  onTestFinished(() => void connected.end(true));
  return connected;
}

function siteServer(dir: string, ...args: readonly string[]): void {
  execFileSync('sh', [join(deploy, 'site-server.sh'), ...args], {
    env: { PATH: process.env['PATH'] ?? '', MUSTER_SECRETS: dir },
    stdio: 'pipe',
  });
}

function openssl(dir: string, ...args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: dir, encoding: 'utf8' });
}

async function contents(dir: string): Promise<Record<string, string>> {
  const names = await readdir(dir);
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const),
  );
  return Object.fromEntries(texts);
}
