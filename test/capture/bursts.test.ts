import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBurstSource } from '../../src/capture/bursts.ts';
import type { BurstCapture, CaptureOutcome } from '../../src/capture/contract.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

async function watch(
  after: 'delete' | 'keep' = 'delete',
  answer: (capture: BurstCapture) => CaptureOutcome = () => ({ kind: 'decided' }),
) {
  const path = join(await temporaryFolder(), 'bursts');
  const source = createBurstSource({
    path,
    after,
    done: join(path, 'done'),
    failed: join(path, 'failed'),
    settleMs: 300,
    maxBytes: 10_000,
    clock: systemClock,
    log: silentLog,
    onFailed: () => undefined,
    onTrouble: () => undefined,
  });
  await source.open();
  const ending = new AbortController();
  const seen: { name: string; photos: string[]; sha256: string }[] = [];
  const work = (async () => {
    for await (const capture of source.captures(ending.signal)) {
      const photos = capture.photos.map((photo) => Buffer.from(photo).toString());
      seen.push({ name: capture.name, photos, sha256: capture.sha256 });
      await capture.settle(answer(capture));
    }
  })();
  onTestFinished(async () => {
    ending.abort();
    await work;
  });
  const put = async (burst: string, files: Readonly<Record<string, string>>) => {
    const hidden = join(path, `.${burst}`);
    await mkdir(hidden);
    for (const [name, text] of Object.entries(files)) await writeFile(join(hidden, name), text);
    await rename(hidden, join(path, burst));
  };
  return { path, source, seen, put };
}

describe('the folder of bursts', () => {
  it('gives each folder as one capture, its photos by name, and deletes it', async () => {
    const here = await watch();
    await here.put('visit-1', {
      '2.jpg': 'two',
      '1.jpg': 'one',
      '10.jpg': 'ten',
      '.hidden': 'x',
      'a.tmp': 'x',
    });
    await eventually('the burst', () => here.seen.length === 1);
    expect(here.seen[0]).toMatchObject({ name: 'visit-1', photos: ['one', 'ten', 'two'] });
    await eventually('an empty folder', async () => (await readdir(here.path)).length === 0);
  });

  it('waits until nothing changes any more', async () => {
    const here = await watch();
    await mkdir(join(here.path, 'slow'));
    for (let n = 0; n < 5; n += 1) {
      await writeFile(join(here.path, 'slow', `${n}.jpg`), `photo ${n}`);
      await sleep(150);
    }
    expect(here.seen).toEqual([]);
    await eventually('the burst', () => here.seen.length === 1);
    expect(here.seen[0]?.photos).toHaveLength(5);
  });

  it('keeps what is decided and sets aside what has no photo, under names of their own', async () => {
    const here = await watch('keep');
    await here.put('visit', { '1.jpg': 'one' });
    await eventually(
      'the first',
      async () => (await readdir(join(here.path, 'done')).catch(() => [])).length === 1,
    );
    await here.put('visit', { '1.jpg': 'two' });
    await here.put('empty', {});
    await eventually('the second', async () => (await readdir(join(here.path, 'done'))).length === 2);
    await eventually(
      'the empty one',
      async () => (await readdir(join(here.path, 'failed')).catch(() => [])).length === 1,
    );
    expect(here.seen.map(({ photos }) => photos)).toEqual([['one'], ['two']]);
  });

  it('counts what waits, and leaves what could not be decided', async () => {
    const here = await watch('delete', () => ({ kind: 'later', message: 'the disk is full' }));
    await here.put('visit', { '1.jpg': 'one' });
    await eventually('the burst', () => here.seen.length === 1);
    expect(await here.source.rescan()).toBe(1);
    expect(await readdir(here.path)).toEqual(['visit']);
  });

  it('follows no links and reads no file that is too large', async () => {
    const here = await watch();
    await here.put('visit', { '1.jpg': 'one', '2.jpg': 'x'.repeat(20_000) });
    await eventually('the burst', () => here.seen.length === 1);
    expect(here.seen[0]?.photos).toEqual(['one']);
  });
});
