import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../lib/clock.ts';
import { MusterError } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { wholeNumber } from './option-values.ts';

export const defineBackup: DefineVerb = (verb, context) => {
  verb
    .argument(
      '<file>',
      'file to write, or a folder, in which the file gets the name of the station and the time',
    )
    .option(
      '--keep <n>',
      'in a folder: delete older backups of this station, all but the newest n',
      wholeNumber(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
It may run beside the station. The file is a tar that only its owner may read. In it: every gallery (encrypted, where it is on the
disk), the settings from afar, what muster tune found, and the settings of --config without secrets. Not in it: keys, passwords and
tokens, photos, and the events that wait for the broker (docs/backup.md).

JSON: {"file", "created_at", "files", "bytes"}.

Examples:
  muster backup door-1.tar
  muster --config /etc/muster/station.yaml backup /mnt/backup --keep 14`,
    )
    .action((path: string, options: BackupOptions) =>
      backup(path, options, context, verb.optsWithGlobals<{ config?: string }>().config),
    );
};

interface BackupOptions {
  readonly keep?: number;
  readonly json?: boolean;
}

async function backup(
  path: string,
  { keep, json }: BackupOptions,
  context: CommandContext,
  configFile: string | undefined,
): Promise<void> {
  const config = await context.config();
  const [{ makeBackup }, { datedName, keepNewest }, { settingsWithoutSecrets }] = await Promise.all([
    import('../backup/make.ts'),
    import('../backup/folder.ts'),
    import('../config/copy.ts'),
  ]);
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() === true;
  if (keep !== undefined && !isFolder) {
    throw new MusterError('backup_unwritable', `--keep is for a folder, and ${path} is none`, {
      remedy: 'Make the folder first, or leave --keep out.',
    });
  }
  const file = isFolder ? join(path, datedName(config, systemClock.now())) : path;
  const settings = configFile === undefined ? null : await settingsWithoutSecrets(configFile);
  const { files, created_at } = await makeBackup({ config, settings, file, clock: systemClock });
  const deleted = keep === undefined ? 0 : await keepNewest(path, config, keep, file);
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  if (json === true) {
    context.print(JSON.stringify({ file, created_at, files: files.length, bytes }));
    return;
  }
  const gone = deleted === 0 ? '' : `; ${deleted} older ones deleted`;
  context.print(`${file}: ${files.length} files, ${Math.ceil(bytes / 1024)} KiB${gone}`);
}
