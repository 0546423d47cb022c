import { basename, join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../lib/clock.ts';
import { countOf } from '../../lib/count-of.ts';
import { MusterError } from '../../lib/errors.ts';
import { loadedLater } from '../../lib/missing-part.ts';

export interface BackUpOptions {
  readonly config: Pick<Config, 'site' | 'station' | 'data_dir' | 'upkeep'>;
  /** The file of the settings; null where there is none. */
  readonly configFile: string | null;
  readonly clock: Clock;
}

/** Most stations make none: what writes archives is loaded with the first. */
const load = loadedLater(() =>
  Promise.all([
    import('../../backup/make.ts'),
    import('../../backup/folder.ts'),
    import('../../config/copy.ts'),
  ]),
);

/** Writes a backup into the folder of the config, and deletes the oldest of this station. Rejects with what is wrong and what helps. */
export async function backUp(
  { config, configFile, clock }: BackUpOptions,
  signal: AbortSignal,
): Promise<string> {
  const { folder, keep } = config.upkeep.backup;
  if (folder === null) return 'upkeep.backup.folder is not set: no backup was made';
  const [{ makeBackup }, { datedName, keepNewest }, { settingsWithoutSecrets }] = await load();
  const file = join(folder, datedName(config, clock.now()));
  const settings = configFile === null ? null : await settingsWithoutSecrets(configFile);
  try {
    const { files } = await makeBackup({ config, settings, file, clock, signal });
    const deleted = await keepNewest(folder, config, keep, file);
    const gone = deleted === 0 ? '' : `; ${countOf(deleted, 'older one')} deleted`;
    return `${basename(file)} with ${countOf(files.length, 'file')}${gone}`;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    // Nobody was enrolled yet.
    if (error.code === 'backup_nothing') return error.message;
    const remedy =
      error.code === 'backup_unwritable'
        ? `See that ${folder} is there, has room, and that the station may write in it: the service needs ReadWritePaths= for it (docs/backup.md).`
        : error.remedy;
    throw new Error(`${error.message}. ${remedy ?? ''}`.trim(), { cause: error });
  }
}
