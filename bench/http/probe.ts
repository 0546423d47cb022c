import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/**
 * Runs inside the station's process before the program (`node --import`), so that the program measured is the one that is installed,
 * and answers the bench over the process's IPC channel. Costs a timer every 10 ms.
 */

export type ProbeQuestion =
  /** Begin anew. */
  | 'reset'
  /** Tell. */
  | 'read';

export interface ProbeAnswer {
  /**
   * Time between two looks of the main thread, ms, as the station's own health tells it: 10 ms lie between them in an idle process, and
   * what is more is delay.
   */
  readonly event_loop_ms: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The most that the process has had in memory since its start, MB. */
  readonly rss_peak_mb: number;
}

/** As in src/telemetry/health.ts, ms. */
const resolution = 10;

// The vision worker inherits `--import` and is not what is asked for.
if (isMainThread && process.send !== undefined) {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('message', (question: ProbeQuestion) => {
    if (question === 'reset') delay.reset();
    const ms = (percentile: number) => delay.percentile(percentile) / 1e6;
    const answer: ProbeAnswer = {
      event_loop_ms: { p50: ms(50), p99: ms(99), max: delay.max / 1e6 },
      rss_peak_mb: process.resourceUsage().maxRSS / 1024,
    };
    process.send?.(answer);
  });
  // The channel must not keep a station alive that has stopped.
  process.channel?.unref();
}
