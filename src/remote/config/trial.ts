import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../broker/contract.ts';
import type { RemoteSettings, Run } from './contract.ts';

export interface TrialOptions {
  readonly run: Run;
  readonly settings: RemoteSettings;
  readonly connection: Connection;
  /** How long the station may take to be back on the broker with other broker settings, ms. */
  readonly probationMs: number;
  /** Aborts when the station is told to end. */
  readonly signal: AbortSignal;
}

/** Between two looks whether the station is connected, ms. */
const lookMs = 100;

/**
 * Ends the trial of a station that is ready. Resolves with whether the settings hold; where they don't, the station has to
 * begin again with those before. Told to end in the meantime, it leaves the trial open.
 */
export async function endTrial({
  run,
  settings,
  connection,
  probationMs,
  signal,
}: TrialOptions): Promise<boolean> {
  if (!run.trial) return true;
  if (run.needsBroker) {
    const end = performance.now() + probationMs;
    while (connection.session() === null && performance.now() < end && !signal.aborted) {
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return true;
    if (connection.session() === null) {
      await settings.rollBack(
        `the station was not on the broker within ${probationMs / 1000} s (mqtt.probation_s)`,
      );
      return false;
    }
  }
  await settings.confirm();
  return true;
}
