import type { Connection } from '../broker/contract.ts';
import type { StationTopics } from '../broker/topics.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log, LogLevel } from '../lib/log.ts';
import type { Store } from '../store/contract.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { CommandTarget } from './commands/contract.ts';
import { createCommands } from './commands/feature.ts';
import { createCommandMemory } from './commands/memory.ts';
import { commands } from './commands/table.ts';
import { commandTarget, type TargetParts } from './commands/target.ts';
import type { RemoteSettings, Run } from './config/contract.ts';
import { createConfigFeature } from './config/feature.ts';
import { endTrial } from './config/trial.ts';
import type { RemoteFeature } from './contract.ts';

/** What the supervisor gives to a station that is managed from afar. */
export interface RemoteSupervision {
  readonly run: Run;
  readonly settings: RemoteSettings;
  readonly configuredLevel: () => LogLevel;
}

/** How a station ended: it was told to, or it is to begin again in the same process, or in a new one. */
export type StationEnd = 'stopped' | 'again' | 'restart';

export interface ManagementOptions {
  readonly supervision: RemoteSupervision | null;
  readonly config: Config;
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly end: (how: StationEnd) => void;
}

export type ServedParts = Pick<TargetParts, 'source' | 'model' | 'checks' | 'upkeep' | 'reloadGallery'>;

export interface Management {
  readonly features: readonly RemoteFeature[];
  /** The station is ready: takes commands, ends a trial of settings, then takes settings. */
  serve(parts: ServedParts): void;
  /** The signal has aborted: resolves when nothing is being written any more. */
  close(): Promise<void>;
}

/**
 * systemd sets this to the id of the process that it started: then it also starts it again. A station that was started in another
 * way begins again inside its process, since nobody else would start it.
 */
const startedBySystemd = () => process.env['SYSTEMD_EXEC_PID'] === String(process.pid);

/** The commands and the settings from afar, put together for one run of a station. Without supervision there are none. */
export function createManagement(options: ManagementOptions): Management {
  const { supervision, telemetry, log, signal, end } = options;
  if (supervision === null) return { features: [], serve: () => undefined, close: () => Promise.resolve() };
  const { run, settings, configuredLevel } = supervision;
  /** As configured; the command log-level may have changed it since. */
  let level = configuredLevel();
  const memory = createCommandMemory(options.store);
  const commandFeature = createCommands({
    ...options,
    commands,
    memory,
    clockTrust: () => telemetry.clockTrust(),
  });
  let served = Promise.resolve();
  const configFeature = createConfigFeature({ ...options, settings });
  const restart: CommandTarget['restart'] = {
    how: startedBySystemd() ? 'process' : 'station',
    now: () => end(startedBySystemd() ? 'restart' : 'again'),
  };

  return {
    features: [configFeature, commandFeature],
    serve(parts) {
      served = serve(parts).catch(unserved);
    },
    async close() {
      await served;
      await configFeature.idle();
    },
  };

  async function serve(parts: ServedParts): Promise<void> {
    await memory.open();
    commandFeature.serve(
      commandTarget({ ...options, ...parts, outbox: telemetry.outbox, logLevel: configuredLevel, restart }),
    );
    const probationMs = options.config.mqtt.probation_s * 1000;
    const holds = await endTrial({ run, settings, connection: options.connection, probationMs, signal });
    if (!holds) end('again');
    if (!holds || signal.aborted) return;
    configFeature.serve({
      live() {
        telemetry.setCooldown(settings.config().decision.cooldown_s);
        if (configuredLevel() !== level) log.level = configuredLevel();
        level = configuredLevel();
      },
      again: () => end('again'),
    });
  }

  function unserved(error: unknown): void {
    const message = `commands and settings from afar are not taken: ${messageOf(error)}`;
    telemetry.alerts.raise('store-failing', 'error', message);
  }
}
