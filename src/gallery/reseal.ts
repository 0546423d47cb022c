import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../lib/errors.ts';
import { temporaryName, writeAside } from './durable-file.ts';
import { DamagedRevision } from './revision-file.ts';
import { createSeal, sealHeadBytes, type Seal } from './seal.ts';

const plain = createSeal(null);

/**
 * Puts files of a gallery in the form that the seal gives them, each in one step: a reader finds the old bytes or the new ones, and both
 * hold the same revision. Returns how many were written. Throws MusterError `gallery_key` where `old` doesn't open a file either.
 *
 * @param old opens the files of another key; without it they stay as they are
 */
export async function resealFiles(
  dir: string,
  names: readonly string[],
  seal: Seal,
  old: Seal | null,
): Promise<number> {
  let written = 0;
  for (const name of names) {
    const path = join(dir, name);
    const head = await headOf(path);
    if (head === null || seal.fits(head)) continue;
    const isPlain = plain.fits(head);
    if (temporaryName.test(name)) {
      // Somebody without the key is writing, or died of it. One that lives tries again.
      if (isPlain && head.length > 0) await rm(path, { force: true });
      continue;
    }
    if (!isPlain && old === null) continue;
    const content = await contentOf(path, isPlain ? plain : (old ?? plain));
    if (content === null) continue;
    const sealed = await seal.seal(content);
    // Taken away in the meantime (ENOENT): nothing is left to do.
    await writeAside(dir, sealed, (temporary) => rename(temporary, path)).catch(nothingWhenMissing);
    written += 1;
  }
  return written;
}

/** The plain revision file; null where the file is gone, or so damaged that no key would open it. */
async function contentOf(path: string, seal: Seal): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await seal.open(await readFile(path), path);
  } catch (error) {
    if (error instanceof DamagedRevision) return null;
    nothingWhenMissing(error);
    return null;
  }
}

async function headOf(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(sealHeadBytes), 0, sealHeadBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    nothingWhenMissing(error);
    return null;
  }
}

function nothingWhenMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
