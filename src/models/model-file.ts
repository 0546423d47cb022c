import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

/**
 * Writes a file of the models so that it is there as a whole or, after a power loss too, as it was before. Throws MusterError
 * `models_unwritable` or `disk_full`.
 */
export async function writeModelFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(path, error);
  }
}

/** Why a file below the folder of the models can't be written. */
export function unwritable(path: string, error: unknown): MusterError {
  if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return diskFull(path, error);
  return new MusterError(
    'models_unwritable',
    `The model file ${path} cannot be written: ${messageOf(error)}.`,
    {
      remedy:
        'Give the user who builds the models the right to write there, or name another folder with --models-dir.',
      cause: error,
    },
  );
}

export function diskFull(path: string, cause?: unknown): MusterError {
  return new MusterError('disk_full', `There is no room on the disk for ${path}.`, {
    remedy: 'Make room there, or name a folder on another disk with --models-dir (and vision.models_dir).',
    cause,
  });
}
