import { mkdir, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { finishRestore } from '../../src/backup/finish.ts';
import { keepNewest } from '../../src/backup/folder.ts';
import { makeBackup } from '../../src/backup/make.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createStore } from '../../src/store/store.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { temporaryFolder, silentLog } from '../support/tools.ts';
import { manifestOf, tarOf, type RawEntry } from './archives.ts';

const tuning = '{"threads":2}';
const golden = '{"numbers":[1]}';

async function aStation(settings: Record<string, string> = {}) {
  const dir = await temporaryFolder();
  const data = join(dir, 'data');
  const config = await loadConfig({ env: { MUSTER_DATA_DIR: data, ...settings } });
  const put = async (name: string, text: string) => {
    await mkdir(join(data, name, '..'), { recursive: true });
    await writeFile(join(data, name), text);
  };
  const has = async (name: string) => await readFile(join(data, name), 'utf8').catch(() => null);
  const enrol = async (count: number) =>
    await galleryStore(join(data, 'gallery', 'main')).apply({ put: templates(count), remove: 'all' });
  const people = async () => (await galleryStore(join(data, 'gallery', 'main')).load()).subjects;
  const backup = async (file = join(dir, 'backup.tar')) => {
    await makeBackup({ config, settings: null, file, clock: systemClock });
    return file;
  };
  const restore = (file: string, fromAnother = false) =>
    restoreBackup({ file, config, fromAnother, clock: systemClock, log: silentLog });
  return { dir, data, config, put, has, enrol, people, backup, restore };
}

describe('a backup', () => {
  it('brings everything back, keeps what was there, and leaves inbox and outbox alone', async () => {
    const here = await aStation();
    await here.enrol(3);
    await here.put('tuning.json', tuning);
    const file = await here.backup();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(here.dir)).toEqual(['backup.tar', 'data']);

    await here.enrol(5);
    await here.put('tuning.json', '{"threads":4}');
    await here.put('golden.json', golden);
    await here.put('inbox/waiting.jpg', 'photo');
    const { replaced, subjects, templates: count } = await here.restore(file);
    expect([subjects, count, await here.people()]).toEqual([3, 3, 3]);
    expect(await here.has('tuning.json')).toBe(tuning);
    // As it was then: without numbers of its own.
    expect(await here.has('golden.json')).toBeNull();
    expect(await here.has('inbox/waiting.jpg')).toBe('photo');
    expect((await readdir(replaced ?? '')).toSorted()).toEqual(['gallery', 'golden.json', 'tuning.json']);
    expect((await readdir(here.data)).filter((name) => name.startsWith('restore-'))).toEqual([]);
  });

  it('begins a new stream, and keeps what waits in its own', async () => {
    const here = await aStation();
    await here.enrol(1);
    const file = await here.backup();
    const event = { event_id: 'a', decided_at: '2026-11-23T09:00:00.000Z' } as never;
    const withOutbox = async () => {
      const store = createStore(join(here.data, 'state'));
      const outbox = createOutbox(store, { maxEvents: 10, maxBytes: 1e6, whenFull: 'refuse' });
      await store.open();
      await outbox.open();
      await outbox.append([event], []);
      const kept = (await outbox.read(0, 10)).map(({ event: { stream, seq } }) => ({ stream, seq }));
      await store.close();
      return kept;
    };
    const [before] = await withOutbox();
    await here.restore(file);
    const [waiting, next] = await withOutbox();
    expect(waiting).toEqual(before);
    expect(next?.stream).not.toBe(before?.stream);
    expect(next?.seq).toBe(2);
  });

  it('is whole while people are enrolled all the time', async () => {
    const here = await aStation();
    let count = 1;
    await here.enrol(count);
    let busy = true;
    const enrolling = (async () => {
      for (; busy; count += 1) await here.enrol(count);
    })();
    const files: string[] = [];
    for (let i = 0; i < 10; i += 1) files.push(await here.backup(join(here.dir, `${i}.tar`)));
    busy = false;
    await enrolling;
    expect(count).toBeGreaterThan(10);
    for (const file of files) {
      const other = await aStation();
      const { subjects } = await other.restore(file);
      expect(await other.people()).toBe(subjects);
    }
  });

  it('is not made of nothing, nor where nobody may write', async () => {
    const here = await aStation();
    await expect(here.backup()).rejects.toMatchObject({ code: 'backup_nothing' });
    await here.enrol(1);
    await expect(here.backup(join(here.dir, 'none', 'backup.tar'))).rejects.toMatchObject({
      code: 'backup_unwritable',
      remedy: expect.stringContaining('folder') as string,
    });
    expect(await readdir(here.dir)).toEqual(['data']);
  });

  it('makes room for newer ones of the same station', async () => {
    const dir = await temporaryFolder();
    const own = [1, 2, 3].map((day) => `muster-default-door-2026110${day}T031700Z.tar`);
    const others = ['muster-default-door-2-20261101T031700Z.tar', 'notes.txt'];
    for (const name of [...own, ...others]) await writeFile(join(dir, name), '');
    const station = { site: 'default', station: 'door' };
    expect(await keepNewest(dir, station, 2, join(dir, own[2]!))).toBe(1);
    expect((await readdir(dir)).toSorted()).toEqual([...own.slice(1), ...others].toSorted());

    // Of a clock that was not set: older than all by its name, and the newest.
    const unset = 'muster-default-door-19700101T000007Z.tar';
    await writeFile(join(dir, unset), '');
    expect(await keepNewest(dir, station, 2, join(dir, unset))).toBe(1);
    expect((await readdir(dir)).toSorted()).toEqual([unset, own[2]!, ...others].toSorted());
  });

  it('removes what power cuts have left of others, and none that is being made', async () => {
    const dir = await temporaryFolder();
    const file = join(dir, 'muster-default-door-20261101T031700Z.tar');
    await writeFile(file, '');
    for (const name of ['.muster-backup-cut', '.muster-backup-new']) await mkdir(join(dir, name));
    const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(dir, '.muster-backup-cut'), twoDaysAgo, twoDaysAgo);
    expect(await keepNewest(dir, { site: 'default', station: 'door' }, 1, file)).toBe(0);
    expect((await readdir(dir)).toSorted()).toEqual(['.muster-backup-new', basename(file)]);
  });
});

describe('a restore that is cut short', () => {
  it.each(['checked', 'moving away', 'cleared', 'moving in'])(
    'while it is %s is brought to its end at the next start',
    async (when) => {
      const here = await aStation();
      const fresh = join(here.data, `restore-1795424400000.${when.startsWith('mov') ? 'x' : when}`);
      await here.put('tuning.json', 'old');
      await here.put('golden.json', 'old');
      await mkdir(join(here.data, 'replaced-1795424400000'));
      const replaced = (name: string) => join(here.data, 'replaced-1795424400000', name);
      const inData = (name: string) => join(here.data, name);
      await mkdir(fresh, { recursive: true });
      await writeFile(join(fresh, 'tuning.json'), 'new');
      await writeFile(join(fresh, 'manifest.json'), '{}');
      if (when !== 'checked') await rename(inData('tuning.json'), replaced('tuning.json'));
      if (when === 'cleared' || when === 'moving in')
        await rename(inData('golden.json'), replaced('golden.json'));
      if (when === 'moving in') await rename(join(fresh, 'tuning.json'), inData('tuning.json'));
      if (when === 'moving away') await rename(fresh, fresh.replace(/x$/, 'checked'));
      if (when === 'moving in') await rename(fresh, fresh.replace(/x$/, 'cleared'));

      await finishRestore(here.config, silentLog);
      expect(await here.has('tuning.json')).toBe('new');
      expect(await here.has('golden.json')).toBeNull();
      expect(await readFile(replaced('tuning.json'), 'utf8')).toBe('old');
      expect((await readdir(here.data)).toSorted()).toEqual([
        'replaced-1795424400000',
        'state',
        'tuning.json',
      ]);
    },
  );

  it('before it was checked never happened, and leaves nothing behind', async () => {
    const here = await aStation();
    await here.put('tuning.json', tuning);
    const file = await here.backup();
    await here.put('restore-1795424400000.part/tuning.json', 'half');
    await finishRestore(here.config, silentLog);
    expect(await here.has('tuning.json')).toBe(tuning);
    await here.restore(file);
    expect((await readdir(here.data)).filter((name) => name.startsWith('restore-'))).toEqual([]);
  });
});

describe('a restore refuses, and changes nothing:', () => {
  const revision = 'gallery/main/0000000001.gallery';
  const hostile: readonly (readonly [what: string, entries: readonly RawEntry[], says: RegExp])[] = [
    ['no manifest', [{ path: 'tuning.json', content: tuning }], /begin with a manifest/],
    ['a manifest that is no JSON', [{ path: 'manifest.json', content: '{' }], /no JSON/],
    [
      'the archive of somebody else',
      [{ path: 'manifest.json', content: '{"name":"app"}' }],
      /manifest is wrong/,
    ],
    [
      'a manifest with a path outside',
      [manifestOf({ '../tuning.json': tuning }), { path: '../tuning.json', content: tuning }],
      /manifest is wrong/,
    ],
    [
      'a manifest with a file of the store',
      [manifestOf({ 'state/CURRENT': 'x' }), { path: 'state/CURRENT', content: 'x' }],
      /manifest is wrong/,
    ],
    [
      'a path outside',
      [manifestOf({ 'tuning.json': tuning }), { path: '../../tuning.json', content: tuning }],
      /not as its manifest says/,
    ],
    [
      'an absolute path',
      [manifestOf({ 'tuning.json': tuning }), { path: '/etc/tuning.json', content: tuning }],
      /not as its manifest says/,
    ],
    [
      'a symbolic link',
      [
        manifestOf({ 'tuning.json': '' }),
        { path: 'tuning.json', type: 'SymbolicLink', linkpath: '/etc/passwd' },
      ],
      /SymbolicLink, no plain file/,
    ],
    [
      'a hard link',
      [manifestOf({ 'tuning.json': '' }), { path: 'tuning.json', type: 'Link', linkpath: 'manifest.json' }],
      /Link, no plain file/,
    ],
    [
      'a folder',
      [manifestOf({ 'tuning.json': '' }), { path: 'tuning.json', type: 'Directory' }],
      /Directory, no plain file|not as its/,
    ],
    [
      'a file that is changed',
      [manifestOf({ 'tuning.json': tuning }), { path: 'tuning.json', content: tuning.replace('2', '8') }],
      /SHA-256/,
    ],
    [
      'a file twice',
      [
        manifestOf({ 'tuning.json': tuning }),
        { path: 'tuning.json', content: tuning },
        { path: 'tuning.json', content: tuning },
      ],
      /not as its manifest says/,
    ],
    [
      'a file that is missing',
      [
        manifestOf({ 'tuning.json': tuning, 'golden.json': golden }),
        { path: 'tuning.json', content: tuning },
      ],
      /golden\.json is missing/,
    ],
    [
      'a file that nobody named',
      [manifestOf({}), { path: 'tuning.json', content: tuning }],
      /not as its manifest says/,
    ],
    [
      'a manifest that names a file twice',
      [manifestOf({}, { files: [1, 2].map(() => ({ path: revision, bytes: 1, sha256: '0'.repeat(64) })) })],
      /twice/,
    ],
    [
      'more than the disk holds',
      [manifestOf({}, { files: [{ path: revision, bytes: 1e15, sha256: '0'.repeat(64) }] })],
      /more than there is/,
    ],
    [
      'too many files',
      [
        manifestOf(
          {},
          {
            files: Array.from({ length: 10_001 }, (_, i) => ({
              path: `gallery/main/${1_000_000_000 + i}.gallery`,
              bytes: 0,
              sha256: '0'.repeat(64),
            })),
          },
        ),
      ],
      /manifest/,
    ],
    [
      'a manifest of gigabytes',
      [{ path: 'manifest.json', content: '{}', size: 3e9 }],
      /begin with a manifest/,
    ],
  ];

  async function refused(archive: Buffer, settings: Record<string, string> = {}) {
    const here = await aStation(settings);
    await here.put('tuning.json', 'mine');
    const file = join(here.dir, 'backup.tar');
    await writeFile(file, archive);
    const error: unknown = await here.restore(file).then(
      () => 'it was taken',
      (reason: unknown) => reason,
    );
    expect(await here.has('tuning.json')).toBe('mine');
    expect((await readdir(here.data)).toSorted()).toEqual(['state', 'tuning.json']);
    return error as { code: string; message: string; remedy: string };
  }

  it.each(hostile.map(([what, entries, says]) => ({ what, entries, says })))(
    '$what',
    async ({ entries, says }) => {
      const error = await refused(tarOf(entries));
      expect(error).toMatchObject({ code: 'backup_damaged', message: expect.stringMatching(says) as string });
      expect(error.remedy).toContain('Nothing was changed');
    },
  );

  it('what is no tar, compressed, cut or empty', async () => {
    const good = tarOf([manifestOf({ 'tuning.json': tuning }), { path: 'tuning.json', content: tuning }]);
    const bomb = gzipSync(Buffer.alloc(50e6));
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.from('photo'), gzipSync(good), bomb])
      expect(await refused(bytes)).toMatchObject({ code: 'backup_damaged' });
    for (let length = 512; length < good.length - 1024; length += 256)
      expect(await refused(good.subarray(0, length)), `cut at ${length}`).toMatchObject({
        code: 'backup_damaged',
      });
  });

  it('a backup of a newer Muster, of another station, and one that is not there', async () => {
    expect(await refused(tarOf([manifestOf({}, { format: 2 })]))).toMatchObject({ code: 'backup_format' });
    const other = tarOf([
      manifestOf({ 'tuning.json': tuning }, { station: 'door-9' }),
      { path: 'tuning.json', content: tuning },
    ]);
    expect(await refused(other)).toMatchObject({
      code: 'backup_other',
      message: expect.stringContaining('door-9') as string,
      remedy: expect.stringContaining('--from-another') as string,
    });
    const here = await aStation();
    await writeFile(join(here.dir, 'other.tar'), other);
    await here.restore(join(here.dir, 'other.tar'), true);
    expect(await here.has('tuning.json')).toBe(tuning);
    await expect(here.restore(join(here.dir, 'none.tar'))).rejects.toMatchObject({ code: 'backup_missing' });
    await expect(here.restore(here.dir)).rejects.toMatchObject({ code: 'backup_missing' });
  });

  it('a gallery whose key the config does not have', async () => {
    const there = await aStation();
    const key = new Uint8Array(32).fill(7);
    const sealed = galleryStore(join(there.data, 'gallery', 'main'), { encryptionKey: key });
    await sealed.apply({ put: templates(2) });
    const file = await there.backup();
    const raw = await readFile(file);
    expect(raw.includes('s-0')).toBe(false);
    expect(await refused(raw)).toMatchObject({ code: 'gallery_key' });
    const keyFile = join(there.dir, 'key');
    await writeFile(keyFile, Buffer.from(key).toString('base64'));
    const here = await aStation({ MUSTER_GALLERY__ENCRYPTION_KEY_FILE: keyFile });
    expect(await here.restore(file)).toMatchObject({ subjects: 2 });
  });

  it('while the store belongs to a running station', async () => {
    const here = await aStation();
    await here.enrol(1);
    const file = await here.backup();
    const store = createStore(join(here.data, 'state'));
    await store.open();
    await expect(here.restore(file)).rejects.toMatchObject({
      code: 'store_locked',
      remedy: expect.stringContaining('systemctl stop') as string,
    });
    await store.close();
    await truncate(file, 700);
    await expect(here.restore(file)).rejects.toMatchObject({ code: 'backup_damaged' });
    await rm(file);
    expect(await here.people()).toBe(1);
  });
});
