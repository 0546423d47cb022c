import { mkdir, rm, stat } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { openGalleryStore } from '../gallery/open.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { beginNewStream } from '../telemetry/outbox.ts';
import type { Manifest } from './contract.ts';
import { withStore } from './finish.ts';
import { finishSwap, markChecked, newPart } from './swap.ts';
import { archiveSize, unpack } from './unpack.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly config: Pick<Config, 'site' | 'station' | 'data_dir' | 'gallery'>;
  /** Takes the backup of another station too. */
  readonly fromAnother: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Restored {
  readonly manifest: Manifest;
  /** People and templates of the gallery in use. */
  readonly subjects: number;
  readonly templates: number;
  /** Where the state lies that was replaced; null where there was none. */
  readonly replaced: string | null;
}

/**
 * Restores a backup, as a whole or not at all: it is unpacked beside, checked, and only then put in place. What waits in the outbox and in
 * the inbox stays. The events from now on are of a new stream, so that no number that consumers have seen comes again.
 *
 * Throws MusterError `store_locked` while the station runs, `backup_other`, `restore_user`, `gallery_key` where the config has not the key
 * of an encrypted gallery, and those of `unpack`.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, config, clock } = options;
  const dataDir = config.data_dir;
  // Before anything is made for it.
  const bytes = await archiveSize(file);
  await prepare(dataDir);
  return await withStore(dataDir, async (store) => {
    await finishSwap(dataDir);
    const part = await newPart(dataDir, clock.now());
    try {
      const manifest = await unpack({ file, bytes }, part, (found) => expectOwn(found, options));
      const { subjects, templates } = await readGallery(part, options);
      await beginNewStream(store);
      await markChecked(dataDir, part);
      return { manifest, subjects, templates, replaced: await finishSwap(dataDir) };
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  });
}

async function prepare(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
  } catch (cause) {
    throw new MusterError('data_dir', `data_dir ${dataDir} can't be made: ${messageOf(cause)}`, {
      remedy: 'Run it as the user of the station: sudo -u muster muster restore …',
      cause,
    });
  }
  const { uid } = await stat(dataDir);
  // Files of root's would be closed to the station.
  if (process.getuid?.() !== 0 || uid === 0) return;
  throw new MusterError('restore_user', `data_dir ${dataDir} belongs to another user than root`, {
    remedy: 'Run it as the user of the station: sudo -u muster muster restore …',
  });
}

function expectOwn({ site, station }: Manifest, { config, fromAnother }: RestoreOptions): void {
  if (fromAnother || (site === config.site && station === config.station)) return;
  throw new MusterError(
    'backup_other',
    `the backup is of the station ${station} of the site ${site}, and this is ${config.station} of ${config.site}`,
    {
      remedy: 'Check --config; or say --from-another to give this station the people of that one.',
    },
  );
}

/** Whether the station will be able to read its gallery, before anything is replaced. */
async function readGallery(dir: string, { config, clock, log }: RestoreOptions) {
  const models = { fingerprint: null, dimension: 0 };
  const store = await openGalleryStore({ ...config, data_dir: dir }, models, { clock, log });
  return await store.load();
}
