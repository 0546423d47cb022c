import { setTimeout as sleep } from 'node:timers/promises';
import { finishRestore } from './backup/finish.ts';
import type { Layer } from './config/layers.ts';
import type { Config } from './config/schema.ts';
import { messageOf, MusterError } from './lib/errors.ts';
import { createRemoteSettings } from './remote/config/settings.ts';
import type { StationEnd } from './remote/features.ts';
import type { Surroundings } from './station.ts';
import { graphsDir, visionOptions } from './vision/options.ts';
import type { SpawnWorker } from './vision/thread.ts';
import { createVision } from './vision/vision.ts';

export interface SupervisorOptions {
  /** The config of the file and the environment, and the layers that it was made of. */
  readonly config: Config;
  readonly layers: readonly Layer[];
  /** The level was given on the command line: no config changes it. */
  readonly logLevelIsFixed: boolean;
  /** Starts vision threads. */
  readonly spawnVision: SpawnWorker;
  readonly surroundings: Omit<Surroundings, 'remote'>;
}

/** Between two attempts to start on a disk that is full, ms. */
const fullDiskPauseMs = 2_000;

/**
 * Runs the station, and runs it again inside the same process with other settings where it is told so from afar. Settings with
 * which it does not start are rolled back; with a disk that is full it waits until there is room. Resolves with how it ended;
 * rejects like `runStation` with the last good ones.
 *
 * What takes longest comes first: the vision thread loads its models on a core of its own, while the rest of the station is loaded here.
 */
export async function superviseStation(
  { config, layers, logLevelIsFixed, spawnVision, surroundings }: SupervisorOptions,
  signal: AbortSignal,
): Promise<Exclude<StationEnd, 'again'>> {
  const { clock, log } = surroundings;
  const settings = createRemoteSettings({ base: layers, config, log });
  const fixedLevel = logLevelIsFixed ? (log.level as Config['log']['level']) : null;
  await finishRestore(config, log);
  await settings.open();
  for (;;) {
    const run = await settings.begin();
    const configuredLevel = () => fixedLevel ?? settings.config().log.level;
    log.level = configuredLevel();
    const vision = createVision(
      { ...visionOptions(run.config), graphsDir: graphsDir(run.config), log, clock },
      spawnVision,
    );
    const models = vision.start();
    models.catch(() => {});
    try {
      const { runStation } = await import('./station.ts');
      const remote = { run, settings, configuredLevel };
      const end = await whenThereIsRoom(surroundings, signal, () =>
        runStation(run.config, { vision, models }, { ...surroundings, remote }, signal),
      );
      if (end === null) return 'stopped';
      await settings.postpone();
      if (signal.aborted || end === 'stopped') return 'stopped';
      if (end === 'restart') return end;
    } catch (error) {
      if (!run.trial) throw error;
      await settings.rollBack(`the station did not start: ${messageOf(error)}`);
    } finally {
      await vision.close();
    }
  }
}

/** Does the work again and again while the disk is full, and says so once. Null: it was not done before the signal aborted. */
async function whenThereIsRoom<T>(
  { log, service }: SupervisorOptions['surroundings'],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | null> {
  for (let waiting = false; ; waiting = true) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MusterError) || error.code !== 'store_full') throw error;
      if (!waiting) {
        log.error({ remedy: error.remedy }, error.message);
        service?.status(`waiting: ${error.message}`);
      }
    }
    await sleep(fullDiskPauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return null;
  }
}
