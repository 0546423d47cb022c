import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { freemem, loadavg, totalmem, uptime } from 'node:os';
import { promisify } from 'node:util';
import type { BoardFiles } from '../board/contract.ts';
import { thisBoard } from '../board/files.ts';
import { readThrottling } from '../board/throttling.ts';
import { earliestPlausible, systemClock } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { HealthPayload } from './payloads.ts';

const run = promisify(execFile);
const mb = (bytes: number) => round(bytes / 2 ** 20, 1);

export type MachineReading = Pick<
  HealthPayload,
  'cpu_temp_c' | 'throttled' | 'load_1m' | 'memory' | 'disk' | 'clock'
>;

/** The board that a station runs on. */
export interface Machine {
  /** Reads everything anew; what the board doesn't tell is null. */
  read(): Promise<MachineReading>;
  /** Since the machine was started, ms, by a clock that nobody sets; null where it is not told. */
  uptimeMs(): number | null;
}

/** This machine, from /proc, /sys and the runtime; what is told of the board is read from `board`. */
export function createMachine({
  dataDir,
  board = thisBoard,
}: {
  readonly dataDir: string;
  readonly board?: BoardFiles;
}): Machine {
  return {
    async read() {
      const [temperature, throttling, disk, clock] = await Promise.all([
        cpuTemperature(board),
        readThrottling(board),
        statfs(dataDir).catch(() => null),
        readClockTrust(),
      ]);
      return {
        cpu_temp_c: temperature,
        throttled: throttling === 'unknown' ? null : throttling !== 'none',
        load_1m: round(loadavg()[0] ?? 0, 2),
        memory: { rss_mb: mb(process.memoryUsage.rss()), free_mb: mb(freemem()), total_mb: mb(totalmem()) },
        disk: disk && { free_mb: mb(disk.bavail * disk.bsize), total_mb: mb(disk.blocks * disk.bsize) },
        clock,
      };
    },
    uptimeMs: () => uptime() * 1000,
  };
}

/** °C of the first thermal zone, which is the processor's on Raspberry and Orange Pi. */
async function cpuTemperature({ text: read }: BoardFiles): Promise<number | null> {
  const text = await read('/sys/class/thermal/thermal_zone0/temp');
  const millidegrees = Number.parseInt(text ?? '', 10);
  return Number.isNaN(millidegrees) ? null : round(millidegrees / 1000, 1);
}

/** A time of long ago is wrong, whatever is said of it. Else asks systemd whether the kernel's clock is synchronised, which holds for timesyncd, chrony and ntpd alike. */
async function readClockTrust(): Promise<MachineReading['clock']> {
  if (systemClock.now() < earliestPlausible) return 'unsynced';
  try {
    const { stdout } = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      timeout: 5_000,
    });
    if (stdout.trim() === 'yes') return 'synced';
    return stdout.trim() === 'no' ? 'unsynced' : 'unknown';
  } catch {
    return 'unknown';
  }
}
