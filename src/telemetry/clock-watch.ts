import type { Clock, EpochMs } from '../lib/clock.ts';
import type { Machine } from './machine.ts';
import type { CheckinEvent } from './payloads.ts';

export type ClockTrust = CheckinEvent['clock'];

/** Knows whether the clock can be trusted, and notices when it is set. */
export interface ClockWatch {
  /** As of the last look. */
  trust(): ClockTrust;
  /** Takes what a look at the machine has told. */
  learn(trust: ClockTrust): void;
  /** Resolves when the clock is no longer known to be wrong, or after `ms`. */
  settled(ms: number): Promise<void>;
  start(): void;
  stop(): void;
}

export interface ClockWatchOptions {
  readonly clock: Clock;
  readonly machine: Pick<Machine, 'read' | 'uptimeMs'>;
  /**
   * Called after each look that finds a clock which is not known to be wrong.
   *
   * @param startedAt when the machine was started, by the clock of this moment; null where it doesn't tell
   */
  readonly onTrusted: (trust: ClockTrust, startedAt: EpochMs | null) => void;
  /** Between two looks for a jump, ms. */
  readonly everyMs?: number;
}

/** The wall clock has been set when it has gone so much further, or less far, than time itself, ms. */
const jumpMs = 1_000;

export function createClockWatch(options: ClockWatchOptions): ClockWatch {
  const { clock, machine, onTrusted, everyMs = 1_000 } = options;
  /** The wall clock's lead over the one that is never set. */
  const lead = () => clock.now() - clock.monotonic();
  let trust: ClockTrust = 'unknown';
  let lastLead = lead();
  let looking: NodeJS.Timeout | undefined;
  const waiting = new Set<() => void>();

  const learn = (learned: ClockTrust): void => {
    trust = learned;
    if (trust === 'unsynced') return;
    for (const settle of waiting) settle();
    const uptimeMs = machine.uptimeMs();
    onTrusted(trust, uptimeMs === null ? null : clock.now() - uptimeMs);
  };

  return {
    trust: () => trust,
    learn,
    settled(ms) {
      if (trust !== 'unsynced') return Promise.resolve();
      return new Promise((resolve) => {
        const settle = () => {
          clearTimeout(timer);
          waiting.delete(settle);
          resolve();
        };
        const timer = setTimeout(settle, ms).unref();
        waiting.add(settle);
      });
    },
    start() {
      // Whoever sets the clock says so in the same moment: no need to wait for the next health.
      looking = setInterval(() => {
        if (Math.abs(lead() - lastLead) < jumpMs) return;
        lastLead = lead();
        void machine.read().then((reading) => learn(reading.clock));
      }, everyMs).unref();
    },
    stop: () => clearInterval(looking),
  };
}
