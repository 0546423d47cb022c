import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { SavedSettings } from './contract.ts';

const desired = z.object({ rev: z.int(), config: z.unknown() }).nullable();
const pair = z.object({ site: desired, station: desired });
const refusal = z
  .object({ rev: z.int(), status: z.enum(['rejected', 'rolled_back']), errors: z.array(z.string()) })
  .nullable();
const savedSchema = z.object({
  applied: pair,
  trying: z.object({ pair, begun: z.int() }).nullable(),
  rolledBack: z.object({ site: refusal, station: refusal }),
});

export const nothingSaved: SavedSettings = {
  applied: { site: null, station: null },
  trying: null,
  rolledBack: { site: null, station: null },
};

/**
 * Reads the file of the settings from afar. It is not the store, which opens only with the config known. A file that is damaged
 * is set aside and the station runs without settings from afar until the broker gives them again; it never keeps a station down.
 */
export async function readSettings(file: string, log: Log): Promise<SavedSettings> {
  try {
    return savedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return nothingSaved;
    log.error({ file, reason: messageOf(error) }, 'the settings from afar can not be read and are set aside');
    await rename(file, `${file}.damaged`).catch(() => undefined);
    return nothingSaved;
  }
}

/** Replaces the file as a whole; once this resolves it survives a power cut. */
export async function writeSettings(file: string, settings: SavedSettings): Promise<void> {
  const temporary = `${file}.new`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(settings));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  // The new name is on disk only when the folder is.
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
