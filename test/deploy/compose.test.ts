import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { packageRoot } from '../../src/lib/package.ts';

/** No engine runs it here: this holds what can be known of the file itself. */

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly restart: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly profiles?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const deploy = join(packageRoot, 'deploy');
const compose = parse(await readFile(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

describe('deploy/compose.yaml', () => {
  test('runs broker, database, bridge and dashboards, each image at one version', () => {
    expect(Object.keys(compose.services)).toEqual([
      'mosquitto',
      'influxdb',
      'influxdb-tokens',
      'bridge',
      'grafana',
      'report',
    ]);
    const floating = services.filter(
      ([, { build, image }]) => build === undefined && !/:\d+\.\d+\.\d+(-alpine)?$/.test(image),
    );
    expect(floating).toEqual([]);
  });

  test('publishes the broker with TLS and Grafana, and nothing else', () => {
    expect(services.flatMap(([, { ports = [] }]) => ports)).toEqual(['8883:8883', '3000:3000']);
  });

  test('every file, volume and secret that it names is there', async () => {
    const volumes = services
      .flatMap(([, service]) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '');
    const named = volumes.filter((source) => !source.startsWith('.'));
    expect(Object.keys(compose.volumes).toSorted()).toEqual([...new Set(named)].toSorted());
    const secrets = services.flatMap(([, service]) => service.secrets ?? []);
    const used = secrets.map((secret) => (typeof secret === 'string' ? secret : secret.source));
    expect(Object.keys(compose.secrets).toSorted()).toEqual([...new Set(used)].toSorted());
    const files = [
      ...volumes.filter((source) => source.startsWith('.')),
      ...services.flatMap(([, { build }]) =>
        build === undefined ? [] : join(build.context, build.dockerfile),
      ),
    ];
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) await expect(access(join(deploy, file)), file).resolves.toBeUndefined();
  });

  test('what runs for long comes back by itself, tells its health, and starts after what it needs', () => {
    const lasting = services.filter(([name]) => !['influxdb-tokens', 'report'].includes(name));
    for (const [name, { restart, healthcheck }] of lasting) {
      expect(restart, name).toBe('unless-stopped');
      expect(healthcheck, name).toBeDefined();
    }
    for (const [name, { depends_on = {} }] of services) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const healthy = compose.services[needed]?.healthcheck !== undefined;
        expect(condition, `${name} after ${needed}`).toBe(
          healthy ? 'service_healthy' : 'service_completed_successfully',
        );
      }
    }
  });

  test('all but the database run with a read-only root, and no secret is in a variable', () => {
    for (const [name, { read_only }] of services) expect(read_only ?? false, name).toBe(name !== 'influxdb');
    const variables = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secret = variables.filter(([key]) => /password|token|secret/i.test(key));
    expect(secret.length).toBeGreaterThan(3);
    for (const [key, value] of secret) expect(value, key).toMatch(/^\/(run\/secrets|tokens)\//);
  });

  test.each(['bridge', 'report'])('the settings of %s are settings of muster', async (name) => {
    const environment = compose.services[name]?.environment ?? {};
    const env = Object.fromEntries(
      Object.entries(environment).map(([key, value]) => [
        key,
        value.replace('${MUSTER_SITE:-default}', 'default'),
      ]),
    );
    const config = await loadConfig({ file: undefined, env });
    expect(config.influx).toMatchObject({
      url: 'http://influxdb:8086',
      bucket: 'muster',
      token_file: '/tokens/token',
    });
  });

  test('the bucket that is made is the one that is written to, reported from, and shown', async () => {
    expect(compose.services['influxdb']?.environment?.['DOCKER_INFLUXDB_INIT_BUCKET']).toBe('muster');
    const datasource = await readFile(join(deploy, 'grafana/provisioning/datasources/muster.yaml'), 'utf8');
    expect(datasource).toContain('dbName: muster');
    expect(datasource).toContain('url: http://influxdb:8086');
    expect(datasource).toContain('$__file{/tokens/token}');
    expect(compose.services['grafana']?.volumes).toContain('influxdb-read:/tokens:ro');
    expect(compose.services['bridge']?.volumes).toContain('influxdb-write:/tokens:ro');
  });
});
