import { systemClock } from '../lib/clock.ts';
import type { CommandContext, DefineVerb } from './context.ts';

export const defineRestore: DefineVerb = (verb, context) => {
  verb
    .argument('<file>', 'the backup')
    .option('--from-another', 'take the backup of another station, to give this one its people')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Stop the station first, and run this as its user. The backup is checked, byte by byte, before anything is replaced; then it is put in
place as a whole. What was there before goes to <data_dir>/replaced-<time>. Photos in the inbox and events that wait stay where they are.
Keys, passwords and tokens are in no backup: put them in place first (docs/backup.md).

JSON: {"site", "station", "created_at", "subjects", "templates", "replaced", "settings"}; settings: whether the backup holds station.yaml.

Examples:
  muster restore door-1.tar
  sudo -u muster muster --config /etc/muster/station.yaml restore /mnt/backup/muster-default-door-1-20261125T031700Z.tar`,
    )
    .action((file: string, options: RestoreOptions) => restore(file, options, context));
};

interface RestoreOptions {
  readonly fromAnother?: boolean;
  readonly json?: boolean;
}

async function restore(
  file: string,
  { fromAnother = false, json }: RestoreOptions,
  context: CommandContext,
): Promise<void> {
  const [config, log, { restoreBackup }, { settingsName }] = await Promise.all([
    context.config(),
    context.log(),
    import('../backup/restore.ts'),
    import('../backup/contract.ts'),
  ]);
  const { manifest, subjects, templates, replaced } = await restoreBackup({
    file,
    config,
    fromAnother,
    clock: systemClock,
    log,
  });
  const { site, station, created_at } = manifest;
  const settings = manifest.files.some(({ path }) => path === settingsName);
  if (json === true) {
    context.print(JSON.stringify({ site, station, created_at, subjects, templates, replaced, settings }));
    return;
  }
  context.print(
    `restored: ${station} of ${site} as of ${created_at}; ${templates} templates of ${subjects} people in the gallery ${config.gallery.name}`,
  );
  if (replaced !== null) context.print(`what was there before is in ${replaced}`);
  if (settings)
    context.print(
      `its settings file is in the backup too: tar -xOf ${file} ${settingsName} > ${settingsName}`,
    );
}
