import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ServiceName, Step, StepOutcome } from './contract.ts';
import { fileStep, folderStep, goneStep, linkStep } from './files.ts';
import { configFolder, placesOf, type Places } from './places.ts';
import { renderBridgeConfig, renderConfig, renderShellCommand, renderUnit, stationId } from './render.ts';
import { chooseRuntime, programStep } from './runtime.ts';
import { checkSystem, forgetUnits, renewedStep, startedStep, stoppedStep } from './system.ts';
import { noUserStep, stationOwner, userStep } from './user.ts';

export interface InstallOptions {
  readonly service: ServiceName;
  /** The folder of the program that was called. */
  readonly from: string;
  /** `/`, or the folder of a system that is not running. */
  readonly root: string;
  /** Only look. */
  readonly dryRun: boolean;
  /** Told after each step. */
  readonly onStep: (outcome: StepOutcome) => void;
}

/**
 * Sets a service up on this machine, or on the one below `root`: user, program, config, secrets' folder, unit, and starts it. What
 * is so already stays; a config is never replaced.
 *
 * Throws MusterError `install_not_root`, `install_unsupported`, `install_command`, `not_set_up`.
 */
export async function install(options: InstallOptions): Promise<void> {
  const { service, from, root } = options;
  await checkSystem(options);
  const places = placesOf(service, root);
  const runtime = await chooseRuntime(places, process.execPath);
  const paths = { node: runtime.node, program: places.program };
  const shipped = (name: string) => readFile(join(from, 'systemd', name), 'utf8');
  const unit = renderUnit(await shipped(`${service}.service`), paths);
  const platform = { os: process.platform, arch: process.arch };
  const steps = [
    ...(service === 'muster' ? await stationSteps(places, paths, await shipped('muster.sysusers')) : []),
    ...(service === 'muster-bridge' ? bridgeSteps(places) : []),
    programStep(places, from, platform, runtime),
    fileStep(places, places.unit, unit, { mode: 0o644 }),
  ];
  const other = placesOf(otherThan(service), root);
  const isShared = (await goneStep(other, other.unit).needed()) !== null;
  await take(steps, options, (changed) =>
    root === '/'
      ? [
          startedStep(`${service}.service`, () => changed.size > 0),
          // Both services run the one program: the other would go on without the files that it has not loaded yet.
          ...(isShared
            ? [renewedStep(`${otherThan(service)}.service`, () => changed.has(places.program))]
            : []),
        ]
      : [linkStep(places, places.wanted, places.unit)],
  );
}

function otherThan(service: ServiceName): ServiceName {
  return service === 'muster' ? 'muster-bridge' : 'muster';
}

async function stationSteps(
  places: Places,
  paths: { readonly node: string; readonly program: string },
  sysusers: string,
): Promise<readonly Step[]> {
  const owner = () => stationOwner(places);
  const group = async () => ({ uid: 0, gid: (await owner()).gid });
  const name = await readFile(places.at('/etc/hostname'), 'utf8').catch(() => hostname());
  const config = renderConfig(stationId(name.trim()), places);
  return [
    fileStep(places, places.sysusers, sysusers, { mode: 0o644 }),
    userStep(places),
    folderStep(places, configFolder, { mode: 0o755 }),
    fileStep(places, places.config, config, { mode: 0o640, owner: group, keep: true }),
    folderStep(places, places.credentials, { mode: 0o750, owner: group }),
    folderStep(places, places.state, { mode: 0o750, owner }),
    fileStep(places, places.shellCommand, renderShellCommand(paths, places), { mode: 0o755 }),
  ];
}

/** Its user comes and goes with it (DynamicUser), and its state's folder is systemd's. */
function bridgeSteps(places: Places): readonly Step[] {
  return [
    folderStep(places, configFolder, { mode: 0o755 }),
    fileStep(places, places.config, renderBridgeConfig(places), { mode: 0o644, keep: true }),
    folderStep(places, places.credentials, { mode: 0o700 }),
  ];
}

export interface UninstallOptions extends Omit<InstallOptions, 'from'> {
  /** The config, the secrets and all data too. */
  readonly purge: boolean;
}

/** Undoes `install`. What a person has written or enrolled stays, unless it is to be purged. */
export async function uninstall(options: UninstallOptions): Promise<void> {
  const { service, root, purge } = options;
  await checkSystem(options);
  const places = placesOf(service, root);
  const other = placesOf(otherThan(service), root);
  // Both services run the one program.
  const shared = (await goneStep(other, other.unit).needed()) !== null;
  const gone = (path: string) => goneStep(places, path);
  const station = service === 'muster';
  await take(
    [
      ...(root === '/' ? [stoppedStep(`${service}.service`)] : [gone(places.wanted)]),
      gone(places.unit),
      ...(station ? [gone(places.shellCommand)] : []),
      ...(shared ? [] : [gone(places.program)]),
      ...(purge ? [gone(places.config), gone(places.credentials), gone(places.state)] : []),
      // State of a dynamic user.
      ...(purge && !station ? [gone(`/var/lib/private/${service}`)] : []),
      ...(purge && station ? [noUserStep(places), gone(places.sysusers)] : []),
    ],
    options,
  );
  if (root === '/' && !options.dryRun) await forgetUnits();
}

/** @param last what follows when it is known what has changed, by what it is about */
async function take(
  steps: readonly Step[],
  { dryRun, onStep }: Pick<InstallOptions, 'dryRun' | 'onStep'>,
  last?: (changed: ReadonlySet<string>) => readonly Step[],
): Promise<void> {
  const changed = new Set<string>();
  for (const step of [...steps, ...(last?.(changed) ?? [])]) {
    const needed = await step.needed();
    if (needed !== null) {
      changed.add(step.what);
      if (!dryRun) await step.apply();
    }
    onStep({ what: step.what, outcome: needed ?? 'as it is' });
  }
}
