import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isoTime, type Clock, type EpochMs } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { Machine } from './machine.ts';
import type { OutboxStats } from './contract.ts';
import type { HealthPayload } from './payloads.ts';

/** The event loop is looked at this often; Node counts the interval as a part of the delay. */
const samplingMs = 10;

export interface HealthOptions {
  readonly clock: Clock;
  readonly machine: Machine;
  readonly outbox: () => OutboxStats;
  readonly lastCaptureAt: () => EpochMs | null;
  /** Undefined without a camera. */
  readonly camera?: () => HealthPayload['camera'];
  /** Ids of the alerts that are raised. */
  readonly alerts: () => readonly string[];
  /** When the jobs of the upkeep ran last. */
  readonly upkeep?: (() => NonNullable<HealthPayload['upkeep']>) | undefined;
  /** Takes what each `read` finds out about the clock. */
  readonly onClock?: (trust: HealthPayload['clock']) => void;
}

export interface Health {
  start(): void;
  /** Reads everything anew; what the machine doesn't tell is null. */
  read(): Promise<HealthPayload>;
  stop(): void;
}

/** The station's health: what its machine tells, and what its process does. */
export function createHealth(options: HealthOptions): Health {
  const { clock, machine, outbox, lastCaptureAt, camera, alerts, upkeep } = options;
  const loopDelay = monitorEventLoopDelay({ resolution: samplingMs });
  const startedAt = clock.monotonic();

  return {
    start: () => void loopDelay.enable(),
    stop: () => void loopDelay.disable(),
    async read() {
      const now = clock.now();
      const reading = await machine.read();
      options.onClock?.(reading.clock);
      const { depth, bytes, oldest } = outbox();
      const age = (time: EpochMs | null) => (time === null ? null : round(Math.max(0, now - time) / 1000, 1));
      const loopP99 = loopDelay.percentile(99) / 1e6 - samplingMs;
      loopDelay.reset();
      return {
        schema: 'health/1',
        ts: isoTime(now),
        uptime_s: round((clock.monotonic() - startedAt) / 1000, 1),
        ...reading,
        last_capture_age_s: age(lastCaptureAt()),
        event_loop_p99_ms: Number.isFinite(loopP99) ? round(Math.max(0, loopP99), 2) : 0,
        outbox: { depth, bytes, oldest_age_s: age(oldest) },
        ...definedCamera(camera?.()),
        alerts: [...alerts()],
        ...(upkeep === undefined ? {} : { upkeep: upkeep() }),
      };
    },
  };
}

function definedCamera(camera: HealthPayload['camera']): Pick<HealthPayload, 'camera'> {
  return camera === undefined ? {} : { camera };
}
