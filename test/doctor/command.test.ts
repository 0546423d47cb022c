import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckedFinding } from '../../src/doctor/contract.ts';
import { freePort } from '../../demo/free-port.ts';
import { muster, startStation } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

const levels = (stdout: string) => {
  const { findings } = JSON.parse(stdout) as { findings: CheckedFinding[] };
  return Object.fromEntries(findings.map(({ check, level }) => [check, level]));
};

it('examines a running station beside it', { timeout: 60_000 }, async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'people'));
  await writeFile(join(dir, 'people', 'alice.jpg'), await portraits.alice());
  const env = {
    MUSTER_MQTT__EMBEDDED__PORT: `${await freePort()}`,
    MUSTER_HTTP__PORT: `${await freePort()}`,
  };
  expect((await muster(dir, ['enroll', 'people'], env)).status).toBe(0);
  const station = startStation(dir, env);
  await station.ready;
  const { status, stdout } = await muster(dir, ['doctor', '--json'], env);
  expect(levels(stdout)).toMatchObject({
    config: 'ok',
    models: 'ok',
    gallery: 'ok',
    store: 'ok',
    broker: 'ok',
    http: 'ok',
  });
  expect(status).toBe(0);
  expect(await station.stop()).toBe(0);
});

it('says in words what is wrong with nothing set up, and ends with 1 where the models are not there', async () => {
  const dir = await temporaryFolder();
  const env = { MUSTER_VISION__MODELS_DIR: join(dir, 'none'), MUSTER_HTTP__PORT: '0' };
  const { status, stdout, stderr } = await muster(dir, ['doctor'], env);
  expect(stderr).toBe('');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^✗ failure {2}models .*\n +→ .*models/m);
  expect(stdout).toMatch(/^! warning {2}gallery .*nobody is recognised\n +→ muster enroll/m);
  expect(stdout).toMatch(/1 failure, \d warnings?\.\n$/);
});

it('tells of the machine also where the configuration is not valid', async () => {
  const { status, stdout } = await muster(await temporaryFolder(), ['doctor', '--json'], {
    MUSTER_SITE: 'Not A Site',
  });
  expect(status).toBe(1);
  expect(levels(stdout)).toMatchObject({ board: 'ok', libc: 'ok' });
  expect(stdout).toContain('MUSTER_SITE');
});
