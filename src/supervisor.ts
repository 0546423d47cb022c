import { finishRestore } from './backup/finish.ts';
import type { Layer } from './config/layers.ts';
import type { Config } from './config/schema.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, MusterError } from './lib/errors.ts';
import { runStation, type Surroundings } from './station.ts';
import { createRemoteSettings } from './remote/config/settings.ts';
import type { StationEnd } from './remote/features.ts';

export interface SupervisorOptions {
  /** The config of the file and the environment, and the layers that it was made of. */
  readonly config: Config;
  readonly layers: readonly Layer[];
  /** The level was given on the command line: no config changes it. */
  readonly logLevelIsFixed: boolean;
  readonly surroundings: Omit<Surroundings, 'remote'>;
}

/** Between two attempts to start on a disk that is full, ms. */
const fullDiskPauseMs = 2_000;

/**
 * Runs the station, and runs it again inside the same process with other settings where it is told so from afar. Settings with
 * which it does not start are rolled back; with a disk that is full it waits until there is room. Resolves with how it ended;
 * rejects like `runStation` with the last good ones.
 */
export async function superviseStation(
  { config, layers, logLevelIsFixed, surroundings }: SupervisorOptions,
  signal: AbortSignal,
): Promise<Exclude<StationEnd, 'again'>> {
  const { log } = surroundings;
  const settings = createRemoteSettings({ base: layers, config, log });
  const fixedLevel = logLevelIsFixed ? (log.level as Config['log']['level']) : null;
  let waiting = false;
  await finishRestore(config, log);
  await settings.open();
  for (;;) {
    const run = await settings.begin();
    const configuredLevel = () => fixedLevel ?? settings.config().log.level;
    log.level = configuredLevel();
    try {
      const end = await runStation(
        run.config,
        { ...surroundings, remote: { run, settings, configuredLevel } },
        signal,
      );
      await settings.postpone();
      if (signal.aborted || end === 'stopped') return 'stopped';
      if (end === 'restart') return end;
    } catch (error) {
      if (error instanceof MusterError && error.code === 'store_full') {
        if (!waiting) {
          log.error({ remedy: error.remedy }, error.message);
          surroundings.service?.status(`waiting: ${error.message}`);
        }
        waiting = true;
        await sleep(fullDiskPauseMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return 'stopped';
        continue;
      }
      if (!run.trial) throw error;
      await settings.rollBack(`the station did not start: ${messageOf(error)}`);
    }
  }
}
