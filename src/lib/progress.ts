import { systemClock, type Clock } from './clock.ts';

/** Work shorter than this shows no progress at all, ms. */
const quietMs = 2000;
/** Between two drawings on a terminal, ms. */
const redrawMs = 100;
/** Between two lines where the output is a file or a log, ms. */
const lineMs = 5000;

export interface Progress {
  /** Counts `by` more as done. `note` is shown at the end of the line, such as the name of a file. */
  advance(by?: number, note?: string): void;
  /** Ends the line. Call it once, also when the work failed. */
  done(): void;
}

export interface ProgressOptions {
  /** Number of things to do, where it is known: shows the share done and the estimated time left. */
  readonly total?: number;
  /** Default standard error. */
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly clock?: Clock;
}

/**
 * Shows how far a long piece of work has come, only once it has taken two seconds: one line that is written
 * over on a terminal, a line every five seconds at the most elsewhere. It holds no timer: it draws when it is told
 * of an advance.
 */
export function createProgress(label: string, options: ProgressOptions = {}): Progress {
  const { total, stream = process.stderr, clock = systemClock } = options;
  const started = clock.monotonic();
  const interval = stream.isTTY === true ? redrawMs : lineMs;
  let count = 0;
  let drawnAt: number | null = null;

  const draw = (text: string): void => {
    if (stream.isTTY === true) stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
    else stream.write(`${text}\n`);
  };

  return {
    advance(by = 1, note) {
      count += by;
      const now = clock.monotonic();
      if (now - started < quietMs || (drawnAt !== null && now - drawnAt < interval)) return;
      drawnAt = now;
      draw(`${label}: ${describe(count, total, now - started)}${note === undefined ? '' : `, ${note}`}`);
    },
    done() {
      if (drawnAt === null) return;
      draw(`${label}: ${countOf(count, total)} in ${duration(clock.monotonic() - started)}`);
      if (stream.isTTY === true) stream.write('\n');
    },
  };
}

function describe(count: number, total: number | undefined, elapsedMs: number): string {
  if (total === undefined || total <= 0) return countOf(count, total);
  const percent = Math.min(100, Math.floor((count / total) * 100));
  const left = count > 0 ? `, ${duration((elapsedMs / count) * Math.max(0, total - count))} left` : '';
  return `${countOf(count, total)} (${percent} %)${left}`;
}

function countOf(count: number, total: number | undefined): string {
  return total === undefined ? `${count}` : `${count} of ${total}`;
}

/** `8 s`, `3 min 20 s`, `2 h 5 min`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
