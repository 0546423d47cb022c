import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../lib/errors.ts';
import { syncFolder } from '../lib/sync-folder.ts';
import { stateNames } from './contract.ts';

/*
 * Several files can't be replaced at once. So the folder with the new ones says by its name how far it is, and whoever finds it goes on:
 *
 *   restore-<time>.part      is being unpacked: nothing counts yet
 *   restore-<time>.checked   whole: what is there now is being moved away, to replaced-<time>
 *   restore-<time>.cleared   all of that is away: the new is being moved in
 */
const wholeName = /^restore-(\d{13})\.(checked|cleared)$/;
const partName = /^restore-\d{13}\.part$/;

/** A folder to unpack into. Those of restores that did not come to an end are removed. */
export async function newPart(dataDir: string, now: number): Promise<string> {
  for (const name of await readdir(dataDir)) {
    if (partName.test(name)) await rm(join(dataDir, name), { recursive: true });
  }
  const part = join(dataDir, `restore-${String(Math.trunc(now)).padStart(13, '0')}.part`);
  await mkdir(part, { mode: 0o700 });
  return part;
}

/** From here on the restore happens, whatever comes between. */
export async function markChecked(dataDir: string, part: string): Promise<void> {
  for (const entry of await readdir(part, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name));
  }
  await syncFolder(part);
  await rename(part, part.replace(/\.part$/, '.checked'));
  await syncFolder(dataDir);
}

/** The restore that was begun and has not ended; null where there is none. */
export async function interruptedRestore(dataDir: string): Promise<string | null> {
  const names = await readdir(dataDir).catch((): string[] => []);
  return names.find((name) => wholeName.test(name)) ?? null;
}

/**
 * Puts what was unpacked in the place of what is there. The store's lock must be held. Interrupted anywhere, it may be called again.
 * Returns the folder with what was there before, null where there was nothing.
 */
export async function finishSwap(dataDir: string): Promise<string | null> {
  const found = wholeName.exec((await interruptedRestore(dataDir)) ?? '');
  if (found === null) return null;
  const [name, time, stage] = found;
  const checked = join(dataDir, `restore-${time}.checked`);
  const cleared = join(dataDir, `restore-${time}.cleared`);
  const replaced = join(dataDir, `replaced-${time}`);
  if (stage === 'checked') {
    await mkdir(replaced, { recursive: true, mode: 0o700 });
    for (const each of stateNames) await moveIfThere(join(dataDir, each), join(replaced, each));
    await syncFolder(replaced);
    await rename(join(dataDir, name), cleared);
    await syncFolder(dataDir);
  }
  for (const each of stateNames) await moveIfThere(join(cleared, each), join(dataDir, each));
  await syncFolder(dataDir);
  await rm(cleared, { recursive: true, force: true });
  await rm(checked, { recursive: true, force: true });
  const kept = await readdir(replaced).catch((): string[] => []);
  if (kept.length > 0) return replaced;
  await rm(replaced, { recursive: true, force: true });
  return null;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}
