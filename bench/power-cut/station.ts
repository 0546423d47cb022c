import { join } from 'node:path';
import { createConnection } from '../../src/broker/connection.ts';
import { connectionOptions } from '../../src/broker/open.ts';
import { createFolderSource } from '../../src/capture/folder.ts';
import { runCheckins } from '../../src/checkins.ts';
import { captureFolders } from '../../src/config/derived.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Gallery } from '../../src/gallery/contract.ts';
import { createActivity } from '../../src/lib/activity.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import { createVirtualMachine } from '../../src/simulate/machine.ts';
import { createVirtualVision, virtualVisionInfo } from '../../src/simulate/vision.ts';
import { createStore } from '../../src/store/store.ts';
import { createTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';

export interface SmallStationOptions {
  readonly dataDir: string;
  readonly url: string;
  readonly people: Gallery;
  readonly log: Log;
  /** The station has opened its store, and works. */
  readonly onStart?: (telemetry: Telemetry, rescan: () => Promise<number>) => void;
}

/** A station with a real folder of captures, store, outbox and delivery, and with an invented vision that takes no time. */
export async function runSmallStation(options: SmallStationOptions, signal: AbortSignal): Promise<void> {
  const { dataDir, people, log } = options;
  const clock = systemClock;
  const config = await loadConfig({
    env: {
      MUSTER_DATA_DIR: dataDir,
      MUSTER_MQTT__URL: options.url,
      MUSTER_MQTT__RECONNECT_MIN_MS: '100',
      MUSTER_DECISION__COOLDOWN_S: '5',
    },
  });
  const connection = createConnection(connectionOptions(config, { clock, log, random: Math.random }));
  const store = createStore(join(dataDir, 'state'));
  const machine = createVirtualMachine(0, clock);
  const telemetry = createTelemetry({ config, store, connection, machine, clock, log });
  const { inbox, done, failed } = captureFolders(config);
  const source = createFolderSource({
    path: inbox,
    done,
    failed,
    after: 'delete',
    polling: false,
    pollIntervalMs: 1_000,
    stableMs: 0,
    graceMs: 0,
    rescanMs: 1_000,
    maxBytes: 1e6,
    clock,
    log,
    onFailed: () => undefined,
    onTrouble: () => undefined,
  });
  const vision = createVirtualVision({ people, slowness: 1, timeScale: 0 });
  try {
    await telemetry.start();
    await telemetry.connect();
    await source.open();
    options.onStart?.(telemetry, () => source.rescan());
    const policy = { ...config.decision, threshold: virtualVisionInfo.threshold };
    await runCheckins(
      {
        station: config,
        source,
        vision,
        gallery: () => people,
        policy: () => policy,
        telemetry,
        activity: createActivity(clock),
        model: virtualVisionInfo.fingerprint,
        clock,
        log,
      },
      signal,
    );
  } finally {
    await vision.close();
    await telemetry.close();
  }
}
