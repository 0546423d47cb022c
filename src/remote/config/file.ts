import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { writeWhole } from '../../lib/write-whole.ts';
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

/** Replaces the file; once this resolves it survives a power cut. */
export async function writeSettings(file: string, settings: SavedSettings): Promise<void> {
  await writeWhole(file, JSON.stringify(settings));
}
