import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { restoreBackup } from '../../src/backup/restore.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { backUp } from '../../src/upkeep/jobs/backup.ts';
import { createDiskWatch } from '../../src/upkeep/jobs/disk.ts';
import { reconcile } from '../../src/upkeep/jobs/gallery.ts';
import { retain } from '../../src/upkeep/jobs/retention.ts';
import { runChecks } from '../../src/upkeep/jobs/self-test.ts';
import { placesOf } from '../../src/upkeep/places.ts';
import { inventPeople } from '../../src/simulate/people.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { canMountDisks, smallDisk, withoutDisks } from '../support/small-disk.ts';
import { manualClock, silentLog, temporaryFolder } from '../support/tools.ts';

const dayMs = 86_400_000;

async function aStation(settings: Record<string, string> = {}, under?: string) {
  const dir = under ?? (await temporaryFolder());
  const data = join(dir, 'data');
  const config = await loadConfig({ env: { MUSTER_DATA_DIR: data, ...settings } });
  const put = async (name: string, bytes = 10) => {
    const path = join(data, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, Buffer.alloc(bytes));
    // So that the times at which files were put there differ.
    await new Promise((resolve) => {
      setTimeout(resolve, 12);
    });
  };
  const left = async () =>
    (await readdir(data, { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(data.length + 1))
      .toSorted();
  return { dir, data, config, put, left };
}

describe('retention', () => {
  const files = [
    'inbox/waiting.jpg',
    'inbox/done/a.jpg',
    'inbox/failed/b.jpg',
    'inbox/failed/b.jpg.reason.json',
    'dead-letters/1795424400000-000001.json',
    'state/000005.ldb',
    'gallery/main/0000000001.gallery',
    'remote-settings.json.damaged',
    'state.damaged-1795424400000/000003.ldb',
  ];
  const forget = () => Promise.resolve(0);

  it('deletes what is older than its days, and never outbox, gallery or inbox', async () => {
    const here = await aStation();
    for (const file of files) await here.put(file);
    await here.put('inbox/done/.hidden');
    await here.put('dead-letters/a-note.txt');
    await symlink(join(here.data, 'state', '000005.ldb'), join(here.data, 'inbox', 'done', 'link.jpg'));
    const now = () => Date.now() + 29 * dayMs;
    const trusted = () => 'synced' as const;
    expect(await retain({ config: here.config, now, clockTrust: trusted, forget })).toContain('nothing');
    const later = () => Date.now() + 31 * dayMs;
    const unset = await retain({ config: here.config, now: later, clockTrust: () => 'unsynced', forget });
    expect(unset).toContain('the clock is not synchronised');
    expect((await here.left()).length).toBe(files.length + 3);
    const words = await retain({ config: here.config, now: later, clockTrust: trusted, forget });
    expect(words).toContain('1 kept photos deleted');
    expect(words).toContain('2 failed captures deleted');
    expect(await here.left()).toEqual([
      'dead-letters/a-note.txt',
      'gallery/main/0000000001.gallery',
      'inbox/done/.hidden',
      'inbox/done/link.jpg',
      'inbox/waiting.jpg',
      'state/000005.ldb',
    ]);
  });

  it('deletes the oldest of what takes more room than it may', async () => {
    const here = await aStation({ MUSTER_UPKEEP__RETENTION__DONE_MB: '1' });
    for (const name of ['c', 'a', 'b']) await here.put(`inbox/done/${name}.jpg`, 600_000);
    await retain({ config: here.config, now: Date.now, clockTrust: () => 'synced', forget });
    expect(await here.left()).toEqual(['inbox/done/b.jpg']);
  });

  it('has the memory forget what is older than its days, and what is too much', async () => {
    const here = await aStation({ MUSTER_UPKEEP__RETENTION__MEMORY_DAYS: '7' });
    let asked: readonly number[] = [];
    const now = () => 100 * dayMs;
    await retain({
      config: here.config,
      now,
      clockTrust: () => 'unknown',
      forget: (...limits) => {
        asked = limits;
        return Promise.resolve(3);
      },
    });
    expect(asked).toEqual([93 * dayMs, 1_000_000]);
  });
});

describe('a backup', () => {
  const never = new AbortController().signal;

  it('is written at each run, the oldest go, and one can be restored', async () => {
    const folder = await temporaryFolder();
    const here = await aStation({
      MUSTER_UPKEEP__BACKUP__FOLDER: folder,
      MUSTER_UPKEEP__BACKUP__KEEP: '2',
    });
    const clock = manualClock();
    const { config } = here;
    const run = () => backUp({ config, configFile: null, clock }, never);
    await mkdir(here.data);
    expect(await run()).toMatch(/^there is nothing to back up in /);
    await galleryStore(join(here.data, 'gallery/main')).apply({ put: templates(3) });
    expect(await run()).toBe('muster-default-station-1-20261123T090000Z.tar with 1 file');
    clock.advance(dayMs);
    await run();
    clock.advance(dayMs);
    expect(await run()).toBe(
      'muster-default-station-1-20261125T090000Z.tar with 1 file; 1 older one deleted',
    );
    const names = (await readdir(folder)).toSorted();
    expect(names).toEqual([
      'muster-default-station-1-20261124T090000Z.tar',
      'muster-default-station-1-20261125T090000Z.tar',
    ]);

    const fresh = await aStation();
    const file = join(folder, names[1]!);
    const restored = await restoreBackup({
      file,
      config: fresh.config,
      fromAnother: false,
      clock,
      log: silentLog,
    });
    expect(restored).toMatchObject({ templates: 3, subjects: 3 });
  });

  it('says what helps where it can not be written, leaves nothing when it is given up, and is none without a folder', async () => {
    const folder = join(await temporaryFolder(), 'not-mounted');
    const here = await aStation({ MUSTER_UPKEEP__BACKUP__FOLDER: folder });
    await galleryStore(join(here.data, 'gallery/main')).apply({ put: templates(3) });
    const clock = manualClock();
    const { config } = here;
    await expect(backUp({ config, configFile: null, clock }, never)).rejects.toThrow(
      /not-mounted.* can't be written: .*\. See that .*not-mounted is there.*ReadWritePaths=/,
    );
    await mkdir(folder);
    await expect(backUp({ config, configFile: null, clock }, AbortSignal.abort())).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual([]);
    const without = (await aStation()).config;
    expect(await backUp({ config: without, configFile: null, clock }, never)).toMatch(/folder is not set/);
  });
});

describe.skipIf(!canMountDisks)(
  canMountDisks ? 'a disk that fills' : `a disk that fills (${withoutDisks})`,
  () => {
    it('keeps no photos when it is low, gives up the oldest when it is critical, and returns with relief', async () => {
      const disk = await smallDisk(100);
      const here = await aStation({}, disk.dir);
      const alerts = createAlerts({ clock: manualClock(), log: silentLog });
      let mayKeep = true;
      const { done, failed, dead_letters, set_aside } = placesOf(here.config);
      const mb = 2 ** 20;
      const look = createDiskWatch({
        dirs: [here.data, here.data],
        lowBytes: 500 * mb,
        criticalBytes: 150 * mb,
        places: [done, failed, dead_letters, set_aside],
        onKeeping: (may) => (mayKeep = may),
        alerts,
      });
      await here.put('state/000005.ldb', mb);
      for (let i = 0; i < 5; i += 1) await here.put(`inbox/done/${i}.jpg`, mb);
      await here.put('inbox/failed/x.jpg', mb);
      expect(await look()).toContain('ample');
      expect(mayKeep).toBe(true);

      // Of 100 MiB, low is below 10 and critical below 3.
      await here.put('ballast-1', 85 * mb);
      expect(await look()).toContain('low');
      expect(mayKeep).toBe(false);
      expect(alerts.active()).toMatchObject([{ id: 'disk-low', severity: 'warning' }]);
      expect((await here.left()).length).toBe(8);

      await here.put('ballast-2', 6 * mb);
      expect(await look()).toContain('files were deleted to make room');
      const left = await here.left();
      expect(left).not.toContain('inbox/done/0.jpg');
      expect(left).toContain('inbox/failed/x.jpg');
      expect(left).toContain('state/000005.ldb');
      expect(alerts.active()).toMatchObject([{ id: 'disk-low', severity: 'warning' }]);

      await here.put('ballast-3', 3 * mb);
      await look();
      expect(alerts.active()).toMatchObject([{ id: 'disk-low', severity: 'warning' }]);
      await here.put('ballast-4', 3 * mb);
      await look();
      expect(alerts.active()).toMatchObject([{ id: 'disk-low', severity: 'error' }]);
      expect(await here.left()).toEqual([
        'ballast-1',
        'ballast-2',
        'ballast-3',
        'ballast-4',
        'state/000005.ldb',
      ]);

      // Just above the mark it stays low: it must not come and go with each photo.
      await here.put('ballast-1', 77 * mb);
      expect(await look()).toContain('low');
      expect(mayKeep).toBe(false);
      await here.put('ballast-1', 70 * mb);
      expect(await look()).toContain('ample');
      expect(mayKeep).toBe(true);
      expect(alerts.active()).toEqual([]);
    });
  },
);

describe('reconciling the gallery', () => {
  it('finds the three the same', async () => {
    const people = await inventPeople(20, 1);
    const words = await reconcile({ inUse: () => people, reload: () => Promise.resolve(people) });
    expect(words).toBe('disk and memory hold the same 20 templates');
  });

  it('takes up what is on disk, and reads damaged memory anew', async () => {
    const [people, others] = [await inventPeople(20, 1), await inventPeople(21, 2)];
    expect(await reconcile({ inUse: () => people, reload: () => Promise.resolve(others) })).toContain(
      'revision 1 is used now',
    );
    const damaged = { ...people, list: () => [...people.list()].slice(1) };
    expect(await reconcile({ inUse: () => damaged, reload: () => Promise.resolve(people) })).toContain(
      'read anew',
    );
    await expect(reconcile({ inUse: () => damaged, reload: () => Promise.resolve(damaged) })).rejects.toThrow(
      'not those of their digest',
    );
  });
});

it('the self-test runs every check and names those that fail', async () => {
  const good = { name: 'models', run: () => Promise.resolve('fine') };
  const bad = { name: 'golden', run: () => Promise.reject(new Error('drifted')) };
  const { signal } = new AbortController();
  expect(await runChecks([good], signal)).toContain('models');
  await expect(runChecks([bad, good, { ...bad, name: 'store' }], signal)).rejects.toThrow(
    'golden: drifted; store: drifted',
  );
});
