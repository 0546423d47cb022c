import type { Config } from '../config/schema.ts';
import { captureFolders } from '../config/derived.ts';
import type { Gallery } from '../gallery/contract.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { SelfCheck } from '../selftest/contract.ts';
import type { Store } from '../store/contract.ts';
import type { HealthPayload } from '../telemetry/payloads.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { JobReport, Upkeep, UpkeepJob } from './contract.ts';
import { cronTimetable } from './cron.ts';
import { backUp } from './jobs/backup.ts';
import { createDiskWatch } from './jobs/disk.ts';
import { reconcile } from './jobs/gallery.ts';
import { retain } from './jobs/retention.ts';
import { runChecks } from './jobs/self-test.ts';
import { placesOf } from './places.ts';
import { upkeepFile } from './record.ts';
import { createUpkeep } from './upkeep.ts';

export interface UpkeepParts {
  readonly config: Config;
  /** The file of the settings; left out: there is none. */
  readonly configFile?: string | undefined;
  readonly store: Pick<Store, 'compact'>;
  readonly telemetry: Telemetry;
  readonly checks: readonly SelfCheck[];
  readonly gallery: () => Gallery;
  /** Takes up the newest revision of the gallery. */
  readonly reloadGallery: (to: 'newest') => Promise<Gallery>;
  /** Whether decided photos may be kept, with each look at the disk. */
  readonly onKeeping: (mayKeep: boolean) => void;
  /** 0..1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The upkeep of a running station, with every job. */
export function openUpkeep(parts: UpkeepParts): Upkeep {
  const { config, telemetry } = parts;
  return createUpkeep({
    ...parts,
    jobs: jobsOf(parts),
    timetable: cronTimetable,
    file: upkeepFile(config.data_dir),
    alerts: telemetry.alerts,
  });
}

/** For `health`. */
export function lastRuns(jobs: readonly JobReport[]): NonNullable<HealthPayload['upkeep']> {
  return Object.fromEntries(
    jobs.flatMap(({ name, last }) => (last === null ? [] : [[name, { at: last.at, ok: last.ok }]])),
  );
}

function jobsOf(parts: UpkeepParts): readonly UpkeepJob[] {
  const { config, store, telemetry, checks, clock } = parts;
  const { upkeep } = config;
  const { done, failed, dead_letters, set_aside } = placesOf(config);
  const watchDisk = createDiskWatch({
    dirs: [config.data_dir, captureFolders(config).inbox],
    lowBytes: upkeep.disk.low_mb * 2 ** 20,
    criticalBytes: upkeep.disk.critical_mb * 2 ** 20,
    places: [done, failed, dead_letters, set_aside],
    onKeeping: parts.onKeeping,
    alerts: telemetry.alerts,
  });
  const usual = { jitterMs: upkeep.jitter_s * 1000, alert: 'upkeep-failing' } as const;
  return [
    {
      ...usual,
      name: 'disk',
      summary: 'looks at the room on the disk, and makes some where there is hardly any',
      schedule: upkeep.disk.schedule,
      whenMissed: 'skip',
      jitterMs: 0,
      run: watchDisk,
    },
    {
      ...usual,
      name: 'retention',
      summary: 'deletes what is old or takes too much room',
      schedule: upkeep.retention.schedule,
      whenMissed: 'due',
      run: () =>
        retain({
          config,
          now: () => clock.now(),
          clockTrust: () => telemetry.clockTrust(),
          forget: (before, most) => telemetry.forget(before, most),
        }),
    },
    {
      ...usual,
      name: 'self-test',
      summary: 'analyses a drawn face and compares the numbers with the known ones',
      schedule: upkeep.self_test.schedule,
      whenMissed: 'run',
      alert: 'self-test-failing',
      run: (signal) => runChecks(checks, signal),
    },
    {
      ...usual,
      name: 'gallery',
      summary: 'compares the gallery in memory with the one on disk and the published one',
      schedule: upkeep.gallery.schedule,
      whenMissed: 'skip',
      run: () => reconcile({ inUse: parts.gallery, reload: () => parts.reloadGallery('newest') }),
    },
    {
      ...usual,
      name: 'compaction',
      summary: 'gives back the room of what was deleted in the store',
      schedule: upkeep.compaction.schedule,
      whenMissed: 'due',
      async run() {
        await store.compact();
        return 'the store is compact';
      },
    },
    {
      ...usual,
      name: 'summary',
      summary: 'closes the day and publishes its counts',
      schedule: upkeep.summary.schedule,
      whenMissed: 'due',
      // Days of the same length: what is sent is a kilobyte.
      jitterMs: 0,
      run: () => telemetry.summarise(),
    },
    {
      ...usual,
      name: 'backup',
      summary: 'writes a backup into a folder, and deletes the oldest',
      schedule: upkeep.backup.folder === null ? null : upkeep.backup.schedule,
      whenMissed: 'due',
      run: (signal) => backUp({ config, configFile: parts.configFile ?? null, clock }, signal),
    },
  ];
}
