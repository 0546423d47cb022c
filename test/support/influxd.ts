import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../demo/free-port.ts';
import { isInstalled } from './servers.ts';
import { eventually } from './tools.ts';

export const hasInfluxd = isInstalled('influxd', 'version');
export const withoutInfluxd = 'skipped: the program influxd is not installed';

export interface Influxd {
  readonly url: string;
  /** Writes line protocol into a database, which is made where it is missing. */
  write(database: string, lines: readonly string[]): Promise<void>;
  /** Runs one InfluxQL statement; throws with what the server says. */
  query(database: string, statement: string): Promise<InfluxSeries[]>;
  stop(): Promise<void>;
}

export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

const user = { name: 'muster', password: 'not a secret' };

/** Writes the configuration of an InfluxDB 1 with its data in `dir`, on free ports of loopback. */
export async function writeInfluxdConfig(
  dir: string,
  auth: boolean,
): Promise<{ readonly config: string; readonly url: string }> {
  const [port, backupPort] = [await freePort(), await freePort()];
  const config = join(dir, 'influxdb.conf');
  const lines = [
    'reporting-enabled = false',
    `bind-address = "127.0.0.1:${backupPort}"`,
    `[meta]\ndir = "${dir}/meta"`,
    `[data]\ndir = "${dir}/data"\nwal-dir = "${dir}/wal"\nquery-log-enabled = false`,
    '[monitor]\nstore-enabled = false',
    `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false\nauth-enabled = ${auth}`,
    '',
  ];
  await writeFile(config, lines.join('\n'));
  return { config, url: `http://127.0.0.1:${port}` };
}

/** An InfluxDB 1 on free ports of loopback, with its data in a temporary folder. With `auth` it asks for `influxdUser`. */
export async function startInfluxd({ auth = false }: { auth?: boolean } = {}): Promise<Influxd> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-influxd-'));
  const { config, url } = await writeInfluxdConfig(dir, auth);
  const child = spawn('influxd', ['-config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  const exited = once(child, 'exit');
  const headers = auth
    ? { authorization: `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` }
    : undefined;
  const ask = async (path: string, parameters: Record<string, string>, body: string | URLSearchParams) => {
    const answer = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`, {
      method: 'POST',
      body,
      ...(headers !== undefined && { headers }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return text;
  };
  const query = async (database: string, statement: string) => {
    const text = await ask('/query', { db: database, epoch: 'ms' }, new URLSearchParams({ q: statement }));
    const [result] = (JSON.parse(text) as { results: { error?: string; series?: InfluxSeries[] }[] }).results;
    if (result?.error !== undefined) throw new Error(`${result.error}: ${statement}`);
    return result?.series ?? [];
  };
  await eventually('influxd to answer', async () => {
    if (child.exitCode !== null) throw new Error(output);
    return fetch(`${url}/ping`).then(
      ({ status }) => status === 204,
      () => false,
    );
  });
  if (auth) await query('', `CREATE USER ${user.name} WITH PASSWORD '${user.password}' WITH ALL PRIVILEGES`);
  return {
    url,
    query,
    async write(database, lines) {
      await query('', `CREATE DATABASE "${database}"`);
      for (let start = 0; start < lines.length; start += 5000) {
        await ask('/write', { db: database }, lines.slice(start, start + 5000).join('\n'));
      }
    },
    async stop() {
      child.kill();
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const influxdUser: Readonly<typeof user> = user;
