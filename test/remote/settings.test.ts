import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { resolveConfig } from '../../src/config/layers.ts';
import { validConfig } from '../../src/config/load.ts';
import { createRemoteSettings } from '../../src/remote/config/settings.ts';
import { silentLog, temporaryFolder } from '../support/tools.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const live = (rev: number, margin: number) => bytes({ rev, config: { decision: { margin } } });
const notLive = (rev: number) => bytes({ rev, config: { vision: { min_face_px: 60 } } });

/** The settings of a station whose environment says this, as they are after a start. */
async function started(dir: string, env: Record<string, string> = {}) {
  const base = [readEnvironment({ MUSTER_DATA_DIR: dir, ...env })];
  const settings = createRemoteSettings({ base, config: validConfig(resolveConfig(base)), log: silentLog });
  await settings.open();
  return { settings, run: await settings.begin() };
}

it('puts what is live in force at once', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  expect(await settings.receive('station', live(1, 0.3))).toBe('live');
  expect(settings.config().decision.margin).toBe(0.3);
  expect(await settings.receive('station', live(1, 0.4))).toBe('unchanged');
  expect((await started(dir)).run).toMatchObject({ trial: false, config: { decision: { margin: 0.3 } } });
  expect(await readdir(dir)).toEqual(['remote-settings.json']);
});

it('begins a trial twice at the most, and never again after it', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  await settings.receive('station', live(1, 0.3));
  expect(await settings.receive('station', notLive(2))).toBe('again');
  for (let crash = 0; crash < 2; crash += 1) {
    expect((await started(dir)).run).toMatchObject({ trial: true, config: { vision: { min_face_px: 60 } } });
  }
  const { settings: last, run } = await started(dir);
  expect(run).toMatchObject({
    trial: false,
    config: { vision: { min_face_px: 80 }, decision: { margin: 0.3 } },
  });
  expect(last.report()).toMatchObject({ rev: 2, status: 'rolled_back', applied: { rev: 1 } });
  expect(await last.receive('station', notLive(2))).toBe('unchanged');
  expect(await last.receive('station', notLive(3))).toBe('again');
});

it('does not count an orderly end against a trial', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  await settings.receive('site', notLive(1));
  for (let end = 0; end < 5; end += 1) {
    const { settings: next, run } = await started(dir);
    expect(run.trial).toBe(true);
    await next.postpone();
  }
});

it('confirms a trial once and for all', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  await settings.receive('site', notLive(7));
  await settings.begin();
  await settings.confirm();
  expect(settings.report()).toMatchObject({ rev: 0, site_rev: 7, status: 'applied', errors: [] });
  expect((await started(dir)).run).toMatchObject({ trial: false, config: { vision: { min_face_px: 60 } } });
});

it('asks for the broker only where its settings change', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  await settings.receive('station', notLive(1));
  expect(await settings.begin()).toMatchObject({ trial: true, needsBroker: false });
  await settings.confirm();
  await settings.receive('station', bytes({ rev: 2, config: { mqtt: { keepalive_s: 20 } } }));
  expect(await settings.begin()).toMatchObject({ trial: true, needsBroker: true });
});

it('withdraws with an empty payload, also what was rolled back', async () => {
  const dir = await temporaryFolder();
  const { settings } = await started(dir);
  await settings.receive('station', live(5, 0.3));
  await settings.receive('station', notLive(6));
  await settings.begin();
  await settings.rollBack('for a test');
  await settings.begin();
  expect(settings.report().status).toBe('rolled_back');
  expect(await settings.receive('station', Buffer.alloc(0))).toBe('live');
  expect(settings.report()).toMatchObject({ rev: 0, status: 'applied', applied: { rev: 0 } });
  expect(settings.config().decision.margin).toBe(0.05);
  expect(await settings.receive('station', live(1, 0.2))).toBe('live');
});

it('starts without a patch that does not fit any more, and keeps the other', async () => {
  const dir = await temporaryFolder();
  const none = { site: null, station: null };
  // As a version that allowed more may have left it.
  const applied = {
    site: { rev: 1, config: { decision: { margin: 0.3 } } },
    station: { rev: 4, config: { decision: { cooldown_s: -1 } } },
  };
  await writeFile(
    join(dir, 'remote-settings.json'),
    JSON.stringify({ applied, trying: null, rolledBack: none }),
  );
  const { settings, run } = await started(dir);
  expect(run).toMatchObject({ trial: false, config: { decision: { margin: 0.3, cooldown_s: 60 } } });
  expect(settings.report()).toMatchObject({
    rev: 4,
    site_rev: 1,
    status: 'rejected',
    errors: ['decision.cooldown_s (config/desired rev 4) is -1; allowed: a whole number from 0 to 604800'],
  });
});
