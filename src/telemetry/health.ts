import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { freemem, loadavg, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { isoTime, type Clock, type EpochMs } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { OutboxStats } from './outbox.ts';
import type { CheckinEvent, HealthPayload } from './payloads.ts';

const run = promisify(execFile);
const mb = (bytes: number) => round(bytes / 2 ** 20, 1);

/** The event loop is looked at this often; Node counts the interval as a part of the delay. */
const samplingMs = 10;

export interface HealthOptions {
  readonly clock: Clock;
  readonly dataDir: string;
  readonly outbox: () => OutboxStats;
  readonly lastCaptureAt: () => EpochMs | null;
}

export interface Health {
  start(): void;
  /** Reads everything anew; what the machine doesn't tell is null. */
  read(): Promise<HealthPayload>;
  /** Whether the clock can be trusted, as of the last `read`. */
  clockTrust(): CheckinEvent['clock'];
  stop(): void;
}

/** The machine's health, from /proc, /sys and the runtime. */
export function createHealth({ clock, dataDir, outbox, lastCaptureAt }: HealthOptions): Health {
  const loopDelay = monitorEventLoopDelay({ resolution: samplingMs });
  const startedAt = clock.monotonic();
  let trust: CheckinEvent['clock'] = 'unknown';

  return {
    start: () => void loopDelay.enable(),
    clockTrust: () => trust,
    stop: () => void loopDelay.disable(),
    async read() {
      const now = clock.now();
      const [temperature, throttled, disk, clockTrust] = await Promise.all([
        cpuTemperature(),
        isThrottled(),
        statfs(dataDir).catch(() => null),
        readClockTrust(),
      ]);
      trust = clockTrust;
      const { depth, bytes, oldest } = outbox();
      const age = (time: EpochMs | null) => (time === null ? null : round(Math.max(0, now - time) / 1000, 1));
      const loopP99 = loopDelay.percentile(99) / 1e6 - samplingMs;
      loopDelay.reset();
      return {
        schema: 'health/1',
        ts: isoTime(now),
        uptime_s: round((clock.monotonic() - startedAt) / 1000, 1),
        cpu_temp_c: temperature,
        throttled,
        load_1m: round(loadavg()[0] ?? 0, 2),
        memory: { rss_mb: mb(process.memoryUsage.rss()), free_mb: mb(freemem()), total_mb: mb(totalmem()) },
        disk: disk && { free_mb: mb(disk.bavail * disk.bsize), total_mb: mb(disk.blocks * disk.bsize) },
        last_capture_age_s: age(lastCaptureAt()),
        event_loop_p99_ms: Number.isFinite(loopP99) ? round(Math.max(0, loopP99), 2) : 0,
        outbox: { depth, bytes, oldest_age_s: age(oldest) },
        clock: trust,
      };
    },
  };
}

/** °C of the first thermal zone, which is the processor's on Raspberry and Orange Pi. */
async function cpuTemperature(): Promise<number | null> {
  const text = await readFile('/sys/class/thermal/thermal_zone0/temp', 'utf8').catch(() => null);
  const millidegrees = Number.parseInt(text ?? '', 10);
  return Number.isNaN(millidegrees) ? null : round(millidegrees / 1000, 1);
}

/**
 * The Raspberry Pi firmware's word, whose low four bits are: under-voltage, frequency capped, throttled, soft temperature
 * limit (vcgencmd get_throttled). Other boards don't have it.
 */
async function isThrottled(): Promise<boolean | null> {
  const path = '/sys/devices/platform/soc/soc:firmware/get_throttled';
  const text = await readFile(path, 'utf8').catch(() => null);
  const bits = Number.parseInt(text ?? '', 16);
  return Number.isNaN(bits) ? null : (bits & 0b1111) !== 0;
}

/** Asks systemd whether the kernel's clock is synchronised, which holds for timesyncd, chrony and ntpd alike. */
async function readClockTrust(): Promise<CheckinEvent['clock']> {
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
