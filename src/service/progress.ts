import type { Config } from '../config/schema.ts';
import type { Activity } from '../lib/activity.ts';
import type { Vision } from '../vision/contract.ts';
import type { ProgressCheck, Service } from './contract.ts';

export interface StationParts {
  readonly vision: Pick<Vision, 'probe'>;
  readonly activity: Activity;
}

/** Disk, files and small pictures are given this long, ms; a hung network drive or a dying card takes longer. */
const stuckAfterMs = 60_000;

/**
 * A station gets on when its vision worker answers and nothing hangs that it reads, writes or looks at. An empty doorway, a broker that is
 * away and an outbox that is full are no standstill.
 */
export function stationProgress({ vision, activity }: StationParts): ProgressCheck {
  return async () => {
    const lastedMs = activity.longestMs();
    if (lastedMs > stuckAfterMs) {
      throw new Error(
        `a capture has been waiting for the disk, or for its small picture, for ${Math.round(lastedMs / 1000)} s`,
      );
    }
    await vision.probe();
  };
}

/** Tells the service that the station is ready, and how it gets on from now on. Returns how to end that. */
export function watchStation(
  service: Service | undefined,
  { config, ...parts }: StationParts & { readonly config: Pick<Config, 'vision' | 'site' | 'station'> },
): () => void {
  if (service === undefined) return () => {};
  service.ready(`station ${config.station} of site ${config.site} is ready`);
  // The probe waits for one photo at the most.
  return service.watch(stationProgress(parts), config.vision.timeout_s * 1000 + 1_000);
}
