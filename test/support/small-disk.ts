import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { codeOf } from '../../src/lib/errors.ts';
import { temporaryFolder } from './tools.ts';

const mount = (dir: string, megabytes: number) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]).status === 0;

export const canMountDisks = (() => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-mount-'));
  const mounted = mount(dir, 1);
  if (mounted) spawnSync('umount', [dir]);
  rmdirSync(dir);
  return mounted;
})();
export const withoutDisks = 'skipped: mounting a tmpfs is not permitted';

/** A disk of a few megabytes in memory, which a test can fill to the last byte and free again. */
export async function smallDisk(megabytes: number) {
  const dir = join(await temporaryFolder(), 'disk');
  await mkdir(dir);
  if (!mount(dir, megabytes)) throw new Error('no tmpfs could be mounted');
  onTestFinished(() => void spawnSync('umount', ['-l', dir]));
  const filler = join(dir, 'filler');
  return {
    dir,
    async fill(): Promise<void> {
      try {
        for (;;) await writeFile(filler, Buffer.alloc(4096), { flag: 'a' });
      } catch (error) {
        if (codeOf(error) !== 'ENOSPC') throw error;
      }
    },
    free: () => rm(filler, { force: true }),
  };
}
