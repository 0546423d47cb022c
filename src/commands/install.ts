import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { ServiceName, StepOutcome } from '../install/contract.ts';
import { packageRoot } from '../lib/package.ts';
import type { CommandContext, DefineVerb } from './context.ts';

interface ServiceOptions {
  readonly bridge?: boolean;
  readonly root: string;
  readonly dryRun?: boolean;
}

interface UninstallCommandOptions extends ServiceOptions {
  readonly purge?: boolean;
}

/** `muster install`: the station, or the bridge, as a service of systemd. */
export const defineInstall: DefineVerb = (verb, context) => {
  addOptions(verb)
    .addHelpText(
      'after',
      `
The program is copied to /opt/muster, the settings are in /etc/muster, the data in /var/lib/muster. Nothing is asked, and what
is so already stays as it is: after an update of this folder (git pull, npm run setup), run it again. docs/install.md tells more.

Examples:
  sudo npx muster install --dry-run
  sudo npx muster install
  sudo npx muster install --bridge
  sudo npx muster install --root /mnt/card`,
    )
    .action((options: ServiceOptions) => runInstall(options, context));
};

/** `muster uninstall`. */
export const defineUninstall: DefineVerb = (verb, context) => {
  addOptions(verb)
    .option('--purge', 'remove the settings, the secrets, the gallery and all other data too')
    .addHelpText(
      'after',
      `
Examples:
  sudo muster uninstall
  sudo muster uninstall --purge --dry-run`,
    )
    .action((options: UninstallCommandOptions) => runUninstall(options, context));
};

function addOptions(verb: Command): Command {
  return verb
    .option('--bridge', 'the bridge, not the station')
    .option('--root <folder>', 'a system that is not running, such as a mounted card', '/')
    .option('--dry-run', 'only tell what would be done');
}

async function runInstall(options: ServiceOptions, context: CommandContext): Promise<void> {
  const { install } = await import('../install/install.ts');
  const common = commonOptions(options, context);
  await install({ ...common, from: packageRoot });
  if (common.dryRun || common.root !== '/') return;
  context.print(
    common.service === 'muster'
      ? '\nThe station runs. Its log: journalctl -u muster -f    Settings: /etc/muster/station.yaml    People: muster enroll <folder>'
      : '\nThe bridge runs. Its log: journalctl -u muster-bridge -f    Settings: /etc/muster/bridge.yaml',
  );
}

async function runUninstall(options: UninstallCommandOptions, context: CommandContext): Promise<void> {
  const { uninstall } = await import('../install/install.ts');
  await uninstall({ ...commonOptions(options, context), purge: options.purge === true });
}

function commonOptions({ bridge, root, dryRun }: ServiceOptions, context: CommandContext) {
  const service: ServiceName = bridge === true ? 'muster-bridge' : 'muster';
  const onStep = ({ what, outcome }: StepOutcome) => {
    const word = dryRun === true && outcome !== 'as it is' ? `would ${outcome}` : outcome;
    context.print(`${word.padEnd(24)}${what}`);
  };
  return { service, root: resolve(root), dryRun: dryRun === true, onStep };
}
