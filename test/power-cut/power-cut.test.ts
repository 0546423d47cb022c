import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canTrace, cutPower } from '../../bench/power-cut/power-cut.ts';
import { createDisk } from '../../bench/power-cut/disk.ts';
import { readTrace, type FileCall } from '../../bench/power-cut/trace.ts';
import { temporaryFolder } from '../support/tools.ts';

const cuts = 200;

it.skipIf(!canTrace)(
  `after ${cuts} power cuts a station starts, and nothing acknowledged is missing${canTrace ? '' : ' (skipped: strace is not installed, or may not trace)'}`,
  { timeout: 300_000 },
  async () => {
    const dir = await temporaryFolder();
    const options = { dir, cuts, captures: 300, seed: 20_261_125, onProgress: () => undefined };
    const { missing, calls, captures } = await cutPower(options);
    expect(missing).toEqual([]);
    expect(captures).toBe(300);
    expect(calls).toBeGreaterThan(5_000);
  },
);

/** What is left after a cut, with nothing (0) or everything (1) of the unsynced. */
async function leftOf(
  calls: readonly FileCall[],
  random: number,
): Promise<(name: string) => Promise<string>> {
  const disk = createDisk();
  for (const call of calls) disk.apply(call);
  const to = await temporaryFolder();
  await disk.cut(
    '/d',
    to,
    () => random,
    () => null,
  );
  return (name) => readFile(join(to, name), 'utf8').catch(() => '(none)');
}

const open = (path: string, fd: number, truncate = false): FileCall => ({
  call: 'open',
  path,
  fd,
  truncate,
  create: true,
});
const write = (fd: number, text: string): FileCall => ({
  call: 'write',
  fd,
  data: Buffer.from(text),
  at: null,
});
const sync = (fd: number): FileCall => ({ call: 'sync', fd });

it('the disk keeps what was synced, and may lose what was not', async () => {
  const calls = [
    open('/d/a', 5),
    write(5, 'first '),
    sync(5),
    write(5, 'second'),
    open('/d/b', 6),
    write(6, 'b'),
  ];
  const least = await leftOf(calls, 0);
  expect([await least('a'), await least('b')]).toEqual(['first ', '(none)']);
  const most = await leftOf(calls, 0.5);
  expect([await most('a'), await most('b')]).toEqual(['first second', 'b']);
});

it('a rename may reach the disk without the content, and comes with the next sync of anything', async () => {
  const renamed: FileCall[] = [
    open('/d/old', 5),
    write(5, 'old'),
    sync(5),
    open('/d/new', 6),
    write(6, 'new'),
    { call: 'rename', from: '/d/new', to: '/d/old' },
  ];
  expect(await (await leftOf(renamed, 0))('old')).toBe('old');
  expect(await (await leftOf([...renamed, open('/d/c', 7), sync(7)], 0))('old')).toBe('');
});

it('reads what strace writes, also of calls that were cut in two', () => {
  const lines = [
    '12 openat(AT_FDCWD, "\\x2f\\x64", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 21',
    '12 write(21, "\\x68\\x69\\x21", 3 <unfinished ...>',
    '13 rename("\\x61", "\\x62") = -1 ENOENT (No such file or directory)',
    '12 <... write resumed>)               = 2',
    '13 fdatasync(21)                      = 0',
    '13 close(21 <unfinished ...>',
    '12 openat(AT_FDCWD, "\\x2f\\x65", O_RDONLY) = 21',
    '13 <... close resumed>)               = 0',
    '13 unlinkat(AT_FDCWD, "\\x2f\\x64", 0) = 0',
  ];
  expect([...readTrace(lines)]).toEqual([
    { call: 'open', path: '/d', fd: 21, truncate: true, create: true },
    { call: 'write', fd: 21, data: Buffer.from('hi'), at: null },
    { call: 'sync', fd: 21 },
    { call: 'close', fd: 21 },
    { call: 'open', path: '/e', fd: 21, truncate: false, create: false },
    { call: 'unlink', path: '/d' },
  ]);
});
