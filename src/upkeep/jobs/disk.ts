import { stat, statfs } from 'node:fs/promises';
import type { Alerts } from '../../telemetry/alerts.ts';
import type { Place } from '../places.ts';

export interface DiskOptions {
  /** Folders on the disks to be looked at; two of one disk are looked at once. */
  readonly dirs: readonly string[];
  /** Free room below which nothing is kept that need not be, and below which things are deleted, bytes. */
  readonly lowBytes: number;
  readonly criticalBytes: number;
  /** What is given up, in this order, the oldest first. */
  readonly places: readonly Place[];
  /** Whether photos may be kept, after each look. */
  readonly onKeeping: (mayKeep: boolean) => void;
  readonly alerts: Pick<Alerts, 'raise' | 'clear'>;
}

/** A small disk is not low by its size: of the room of a disk, each watermark is this share at the most. */
const mostLow = 0.1;
const mostCritical = 0.03;
/** It is over when there is so much more room than the watermark: else it would come and go with each photo. */
const relief = 1.2;

type Level = 'ample' | 'low' | 'critical';

/** Looks at the room on the disks; each call is one look. */
export function createDiskWatch(options: DiskOptions): () => Promise<string> {
  const { dirs, places, alerts, onKeeping } = options;
  let low = false;

  return async () => {
    const looked = new Set<number>();
    let worst: { level: Level; freeMb: number; dir: string } | null = null;
    let deleted = 0;
    for (const dir of dirs) {
      const disk = await stat(dir).catch(() => null);
      if (disk === null || looked.has(disk.dev)) continue;
      looked.add(disk.dev);
      deleted += await relieve(dir, disk.dev);
      const { level, free } = await levelOf(dir);
      if (worst === null || rank(level) > rank(worst.level))
        worst = { level, freeMb: Math.floor(free / 2 ** 20), dir };
    }
    if (worst === null) return 'no disk to look at';
    low = worst.level !== 'ample';
    onKeeping(!low);
    const { level, freeMb, dir } = worst;
    const gone = deleted === 0 ? '' : `; ${deleted} files were deleted to make room`;
    if (!low) alerts.clear('disk-low');
    else if (level === 'low') {
      alerts.raise(
        'disk-low',
        'warning',
        `the disk of ${dir} is nearly full: photos are no longer kept until there is more room`,
      );
    } else {
      alerts.raise(
        'disk-low',
        'error',
        `the disk of ${dir} is almost full, and there is nothing left that the station may delete`,
      );
    }
    return `${freeMb} MiB free at ${dir}: ${level}${gone}`;
  };

  /** Below the critical mark, deletes until there is some more room than that. */
  async function relieve(dir: string, dev: number): Promise<number> {
    let deleted = 0;
    const { level, critical } = await levelOf(dir);
    if (level !== 'critical') return 0;
    for (const place of places) {
      if ((await stat(place.dir).catch(() => null))?.dev !== dev) continue;
      for (const found of await place.list()) {
        if ((await freeOf(dir)).free >= critical * relief) return deleted;
        if (await place.remove(found)) deleted += 1;
      }
    }
    return deleted;
  }

  async function levelOf(dir: string): Promise<{ level: Level; free: number; critical: number }> {
    const { free, total } = await freeOf(dir);
    const lowMark = Math.min(options.lowBytes, mostLow * total) * (low ? relief : 1);
    const critical = Math.min(options.criticalBytes, mostCritical * total);
    return { level: free < critical ? 'critical' : free < lowMark ? 'low' : 'ample', free, critical };
  }
}

async function freeOf(dir: string) {
  const { bavail, bsize, blocks } = await statfs(dir);
  return { free: bavail * bsize, total: blocks * bsize };
}

function rank(level: Level): number {
  return ['ample', 'low', 'critical'].indexOf(level);
}
