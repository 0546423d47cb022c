import {
  link,
  mkdir,
  readFile,
  readdir,
  rename,
  symlink,
  utimes,
  writeFile,
  appendFile,
} from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CaptureOutcome, PhotoCapture } from '../../src/capture/contract.ts';
import { createFolderSource, type FolderOptions } from '../../src/capture/folder.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { eventually, silentLog, temporaryFolder } from '../support/tools.ts';

const decided: CaptureOutcome = { kind: 'decided' };
const noImage: CaptureOutcome = { kind: 'failed', code: 'not_an_image', message: 'this is text' };

/** A source that runs until the test is over; `seen` are its captures, settled as `outcome` says. */
async function watchInbox(
  changes: Partial<FolderOptions> & {
    dir?: string;
    outcome?: (capture: PhotoCapture) => CaptureOutcome;
  } = {},
) {
  const dir = changes.dir ?? (await temporaryFolder());
  const inbox = join(dir, 'inbox');
  await mkdir(inbox, { recursive: true });
  const seen: { name: string; text: string; capturedAt: number }[] = [];
  const failures: string[] = [];
  const troubles: (string | null)[] = [];
  const source = createFolderSource({
    path: inbox,
    after: 'delete',
    done: join(inbox, 'done'),
    failed: join(inbox, 'failed'),
    polling: false,
    pollIntervalMs: 50,
    stableMs: 60,
    graceMs: 0,
    rescanMs: 60_000,
    maxBytes: 1000,
    clock: systemClock,
    log: silentLog,
    onFailed: ({ code }) => failures.push(code),
    onTrouble: (message) => troubles.push(message),
    ...changes,
  });
  await source.open();
  const stop = new AbortController();
  const running = (async () => {
    for await (const capture of source.captures(stop.signal)) {
      seen.push({
        name: capture.name,
        text: Buffer.from(capture.photo).toString(),
        capturedAt: capture.capturedAt,
      });
      await capture.settle(changes.outcome?.(capture) ?? decided);
    }
  })();
  const end = async () => {
    stop.abort();
    await running;
  };
  onTestFinished(end);
  const files = async (folder = inbox) =>
    (await readdir(folder, { withFileTypes: true }))
      .filter((each) => !each.isDirectory())
      .map((each) => each.name)
      .toSorted();
  return { dir, inbox, seen, failures, troubles, files, end, running };
}

const names = (seen: readonly { name: string }[]) => seen.map((each) => each.name);
const settle = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe('what is taken', () => {
  it('takes files that were there before, the oldest first, with their time', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'inbox'));
    const times = { 'c.jpg': 1_000, 'a.jpg': 2_000, 'b.jpg': 2_000, 'd.jpg': 1_500 };
    for (const [name, seconds] of Object.entries(times)) {
      await writeFile(join(dir, 'inbox', name), name);
      await utimes(join(dir, 'inbox', name), seconds, seconds);
    }
    const { seen, files } = await watchInbox({ dir });
    await eventually('four captures', () => seen.length === 4);
    expect(names(seen)).toEqual(['c.jpg', 'd.jpg', 'a.jpg', 'b.jpg']);
    expect(seen[0]).toEqual({ name: 'c.jpg', text: 'c.jpg', capturedAt: 1_000_000 });
    await eventually('an empty inbox', async () => (await files()).length === 0);
  });

  it.each([false, true])(
    'takes files that are written, renamed or linked into the folder (polling: %s)',
    async (polling) => {
      const { dir, inbox, seen } = await watchInbox({ polling });
      await settle(100);
      await writeFile(join(inbox, 'written.jpg'), 'w');
      await writeFile(join(dir, 'elsewhere.jpg'), 'r');
      await rename(join(dir, 'elsewhere.jpg'), join(inbox, 'renamed.jpg'));
      await writeFile(join(inbox, 'upload.jpg.part'), 'p');
      await rename(join(inbox, 'upload.jpg.part'), join(inbox, 'upload.jpg'));
      await writeFile(join(dir, 'other.jpg'), 'l');
      await link(join(dir, 'other.jpg'), join(inbox, 'linked.jpg'));
      await eventually('four captures', () => seen.length === 4);
      expect(names(seen).toSorted()).toEqual(['linked.jpg', 'renamed.jpg', 'upload.jpg', 'written.jpg']);
      expect(await readFile(join(dir, 'other.jpg'), 'utf8')).toBe('l');
    },
  );

  it('does not watch while many are waiting, and misses none that comes meanwhile or later', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'inbox'));
    const old = Date.now() / 1000 - 1000;
    for (let i = 0; i < 100; i += 1) {
      await writeFile(join(dir, 'inbox', `${i}.jpg`), `${i}`);
      await utimes(join(dir, 'inbox', `${i}.jpg`), old + i, old + i);
    }
    const { inbox, seen } = await watchInbox({
      dir,
      outcome({ name }) {
        if (name === '10.jpg') writeFileSync(join(dir, 'inbox', 'meanwhile.jpg'), 'm');
        return decided;
      },
    });
    await eventually('the backlog and what came meanwhile', () => seen.length === 101);
    expect(names(seen).slice(0, 2)).toEqual(['0.jpg', '1.jpg']);
    expect(names(seen).at(-1)).toBe('meanwhile.jpg');
    await writeFile(join(inbox, 'later.jpg'), 'l');
    await eventually('what came later', () => names(seen).at(-1) === 'later.jpg');
  });

  it('waits until a file has stopped growing', async () => {
    const { inbox, seen } = await watchInbox({ stableMs: 200 });
    for (let i = 0; i < 10; i += 1) {
      await appendFile(join(inbox, 'slow.jpg'), `${i}`);
      await settle(50);
    }
    await eventually('the capture', () => seen.length === 1);
    expect(seen[0]?.text).toBe('0123456789');
  });

  it('finds by its scan what the watch did not tell', async () => {
    const { inbox, seen } = await watchInbox({ polling: true, pollIntervalMs: 60_000, rescanMs: 50 });
    await settle(100);
    await writeFile(join(inbox, 'a.jpg'), 'a');
    await eventually('the capture', () => seen.length === 1);
  });

  it('takes a file that is written again under the same name as another capture', async () => {
    const { inbox, seen } = await watchInbox();
    for (const text of ['first', 'second']) {
      await writeFile(join(inbox, 'latest.jpg'), text);
      await eventually(text, () => seen.at(-1)?.text === text);
    }
    expect(seen).toHaveLength(2);
  });

  it('does not delete what replaced a photo while it was decided', async () => {
    const dir = await temporaryFolder();
    const texts: string[] = [];
    const { inbox, seen } = await watchInbox({
      dir,
      outcome: () => {
        if (texts.length === 0)
          execFileSync('sh', ['-c', 'printf second > latest.jpg'], { cwd: join(dir, 'inbox') });
        texts.push('x');
        return decided;
      },
    });
    await writeFile(join(inbox, 'latest.jpg'), 'first');
    await eventually('both', () => seen.length === 2);
    expect(seen.map((each) => each.text)).toEqual(['first', 'second']);
  });
});

describe('what is left alone or refused', () => {
  it('leaves hidden, partial, temporary and special files and folders where they are', async () => {
    const { inbox, seen, files } = await watchInbox();
    const left = ['.hidden.jpg', 'a.jpg.tmp', 'b.part', 'c.crdownload', 'd.jpg~', 'e.filepart', 'Thumbs.db'];
    for (const name of left) await writeFile(join(inbox, name), name);
    await mkdir(join(inbox, 'folder.jpg'));
    execFileSync('mkfifo', [join(inbox, 'pipe.jpg')]);
    await writeFile(join(inbox, 'photo.jpg'), 'photo');
    await eventually('the photo', () => seen.length === 1);
    await settle(200);
    expect(names(seen)).toEqual(['photo.jpg']);
    expect(await files()).toEqual([...left, 'pipe.jpg'].toSorted());
  });

  it('sets a symbolic link aside unread, and leaves its target', async () => {
    const { dir, inbox, seen, failures, files } = await watchInbox({ rescanMs: 50 });
    await writeFile(join(dir, 'secret.txt'), 'secret');
    await symlink(join(dir, 'secret.txt'), join(inbox, 'photo.jpg'));
    await symlink('/nowhere', join(inbox, 'dangling.jpg'));
    await eventually('two refusals', () => failures.length === 2);
    expect(failures).toEqual(['link', 'link']);
    expect(seen).toEqual([]);
    expect(await readFile(join(dir, 'secret.txt'), 'utf8')).toBe('secret');
    expect(await files()).toEqual([]);
  });

  it('sets an oversized file aside unread, with the limit in its reason', async () => {
    const { inbox, seen, failures } = await watchInbox();
    await writeFile(join(inbox, 'huge.jpg'), Buffer.alloc(1001));
    await eventually('the refusal', () => failures.length === 1);
    expect(seen).toEqual([]);
    const reason = JSON.parse(
      await readFile(join(inbox, 'failed', 'huge.jpg.reason.json'), 'utf8'),
    ) as object;
    expect(reason).toMatchObject({
      file: 'huge.jpg',
      code: 'too_large',
      message: expect.stringContaining('max_mb') as string,
    });
  });
});

it('refuses a file that has grown too large since it was found', async () => {
  const { inbox, seen, failures } = await watchInbox({ stableMs: 300 });
  await writeFile(join(inbox, 'grows.jpg'), Buffer.alloc(10));
  await settle(150);
  await appendFile(join(inbox, 'grows.jpg'), Buffer.alloc(1000));
  await eventually('the refusal', () => failures.length === 1);
  expect(failures).toEqual(['too_large']);
  expect(seen).toEqual([]);
});

describe('what becomes of a capture', () => {
  it('keeps decided photos in done, where nothing is overwritten', async () => {
    const { inbox, seen, files } = await watchInbox({ after: 'keep' });
    for (const text of ['first', 'second']) {
      await writeFile(join(inbox, 'photo.jpg'), text);
      await eventually(text, () => seen.at(-1)?.text === text);
      await eventually('an empty inbox', async () => (await files()).length === 0);
    }
    expect(await files(join(inbox, 'done'))).toEqual(['photo-1.jpg', 'photo.jpg']);
    expect(await readFile(join(inbox, 'done', 'photo.jpg'), 'utf8')).toBe('first');
  });

  it('sets aside what is no image, with the reason beside it', async () => {
    const { inbox, failures, files } = await watchInbox({ outcome: () => noImage });
    await writeFile(join(inbox, 'notes.jpg'), 'text');
    await eventually('the failure', () => failures.length === 1);
    expect(await files()).toEqual([]);
    expect(await files(join(inbox, 'failed'))).toEqual(['notes.jpg', 'notes.jpg.reason.json']);
    const reason = JSON.parse(
      await readFile(join(inbox, 'failed', 'notes.jpg.reason.json'), 'utf8'),
    ) as object;
    expect(reason).toMatchObject({ file: 'notes.jpg', code: 'not_an_image', message: 'this is text' });
  });

  it('gives an upload that has stalled the time of grace, and takes the whole photo', async () => {
    const { inbox, seen, failures, files } = await watchInbox({
      graceMs: 1_500,
      outcome: (capture) => (capture.photo.length < 8 ? noImage : decided),
    });
    await writeFile(join(inbox, 'slow.jpg'), 'half');
    await eventually('the half', () => seen.length === 1);
    await settle(300);
    expect(await files()).toEqual(['slow.jpg']);
    await appendFile(join(inbox, 'slow.jpg'), ' whole');
    await eventually('the whole', () => seen.at(-1)?.text === 'half whole');
    await eventually('an empty inbox', async () => (await files()).length === 0);
    expect(failures).toEqual([]);
  });

  it('offers again later what could not be decided now', async () => {
    let offers = 0;
    const { inbox, seen, files } = await watchInbox({
      rescanMs: 100,
      outcome: () => ((offers += 1) < 3 ? { kind: 'later', message: 'disk full' } : decided),
    });
    await writeFile(join(inbox, 'a.jpg'), 'a');
    await eventually('three offers', () => seen.length === 3);
    await eventually('an empty inbox', async () => (await files()).length === 0);
  });

  it('offers what was not settled to the next start', async () => {
    const dir = await temporaryFolder();
    const first = await watchInbox({ dir, outcome: () => ({ kind: 'later', message: 'stopping' }) });
    await writeFile(join(first.inbox, 'a.jpg'), 'a');
    await eventually('the capture', () => first.seen.length === 1);
    await first.end();
    const second = await watchInbox({ dir });
    await eventually('the capture again', () => second.seen.length === 1);
  });
});

describe('trouble with the folder', () => {
  it('makes a folder that is missing', async () => {
    const dir = await temporaryFolder();
    const { seen } = await watchInbox({ dir, path: join(dir, 'deep', 'inbox') });
    await settle(100);
    await writeFile(join(dir, 'deep', 'inbox', 'a.jpg'), 'a');
    await eventually('the capture', () => seen.length === 1);
  });

  it('says at the start that it can not be used', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'file'), '');
    const source = createFolderSource({
      path: join(dir, 'file'),
      after: 'delete',
      done: '',
      failed: '',
      polling: false,
      pollIntervalMs: 1,
      stableMs: 1,
      graceMs: 0,
      rescanMs: 1000,
      maxBytes: 1,
      clock: systemClock,
      log: silentLog,
      onFailed: () => undefined,
      onTrouble: () => undefined,
    });
    await expect(source.open()).rejects.toMatchObject({
      code: 'capture_folder',
      remedy: expect.stringContaining('capture.folder.path') as string,
    });
  });

  it('tells that the folder has gone, and goes on when it is back', async () => {
    const { dir, inbox, seen, troubles } = await watchInbox({ rescanMs: 50 });
    await settle(100);
    await rename(inbox, join(dir, 'away'));
    await eventually('a word on it', () => troubles.at(-1)?.includes("can't be read") === true);
    await mkdir(inbox);
    await writeFile(join(inbox, 'a.jpg'), 'a');
    await eventually('the capture', () => seen.length === 1);
    expect(troubles.at(-1)).toBeNull();
  });

  it('tells of a file that can not be moved away, and does not decide it again', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'done'), 'a file where the folder should be');
    const { inbox, seen, troubles } = await watchInbox({
      dir,
      after: 'keep',
      done: join(dir, 'done'),
      rescanMs: 50,
    });
    await writeFile(join(inbox, 'a.jpg'), 'a');
    await eventually('a word on it', () =>
      troubles.some((each) => each?.includes("can't be moved") === true),
    );
    await settle(300);
    expect(seen).toHaveLength(1);
  });
});

describe('names', () => {
  it('reads a photo whose name is not UTF-8', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'inbox'));
    const path = Buffer.concat([
      Buffer.from(join(dir, 'inbox/T')),
      Buffer.from([0xfc]),
      Buffer.from('r.jpg'),
    ]);
    await writeFile(path, 'photo');
    await utimes(path, 1_000, 1_000);
    const { seen } = await watchInbox({ dir, rescanMs: 50 });
    await eventually('the capture', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ name: 'Tür.jpg', text: 'photo', capturedAt: 1_000_000 });
  });

  it.each(['x', '顔'])('sets a file aside whose name is as long as can be (%s)', async (character) => {
    const { inbox, failures, files } = await watchInbox({ outcome: () => noImage });
    const name = `${character.repeat(Math.floor(251 / Buffer.byteLength(character)))}.jpg`;
    await writeFile(join(inbox, name), 'text');
    await eventually('the failure', () => failures.length === 1);
    const [photo, reason] = await files(join(inbox, 'failed'));
    expect(reason).toBe(`${photo}.reason.json`);
    expect(photo).toMatch(new RegExp(`^${character}+\\.jpg$`));
  });

  it('keeps a file apart whose name is that of the reason of another', async () => {
    const { inbox, failures, files } = await watchInbox({ outcome: () => noImage });
    for (const name of ['a.jpg.reason.json', 'a.jpg']) {
      await writeFile(join(inbox, name), name);
      await eventually(name, () => failures.length === (name === 'a.jpg' ? 2 : 1));
    }
    expect(await readFile(join(inbox, 'failed', 'a.jpg.reason.json'), 'utf8')).toBe('a.jpg.reason.json');
    expect(await files(join(inbox, 'failed'))).toHaveLength(4);
  });
});
