import { createBell } from '../lib/bell.ts';
import type { Clock, EpochMs } from '../lib/clock.ts';

/** What a file was when it was looked at. Two versions are the same file content when their keys are equal. */
export interface FileVersion {
  readonly key: string;
  readonly mtimeMs: EpochMs;
}

export interface WaitingFile {
  readonly path: string;
  /** When it was found whole, monotonic ms. */
  readonly arrivedAt: number;
}

export interface WaitingFiles {
  has(path: string): boolean;
  /** Files that are not released. */
  count(): number;
  /** Whole files that nobody has taken yet. */
  backlog(): number;
  /** Takes a file in; it is offered once it has stopped changing. */
  add(path: string, version: FileVersion): void;
  /** The oldest whole file, when there is one; null after `close`. The file is held until it is released. */
  next(): Promise<WaitingFile | null>;
  /** Holds a file for a time, then does `work`. */
  later(path: string, ms: number, work: () => Promise<void>): void;
  /** Forgets a file, so that it may be added again. */
  release(path: string): void;
  close(): void;
}

export interface WaitingOptions {
  readonly stableMs: number;
  readonly clock: Clock;
  readonly versionOf: (path: string) => Promise<FileVersion | null>;
}

/** A file that was last written this long ago is not being written any more, ms. */
export const restingMs = 2_000;

/** The files of the capture folder that are not settled yet: settling down, whole, or held. */
export function createWaitingFiles({ stableMs, clock, versionOf }: WaitingOptions): WaitingFiles {
  const known = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  /** Whole files, the newest first, so that the oldest is popped. */
  const whole: (WaitingFile & { readonly mtimeMs: EpochMs })[] = [];
  let closed = false;
  const news = createBell();

  return {
    has: (path) => known.has(path),
    count: () => known.size,
    backlog: () => whole.length,
    add(path, version) {
      known.add(path);
      if (clock.now() - version.mtimeMs >= restingMs) offer(path, version);
      else check(path, version);
    },
    async next() {
      for (;;) {
        if (closed) return null;
        const file = whole.pop();
        if (file !== undefined) return file;
        await news.next();
      }
    },
    later(path, ms, work) {
      known.add(path);
      after(ms, work);
    },
    release(path) {
      known.delete(path);
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      news.ring();
    },
  };

  /** Looks again until the file has been the same for `stableMs`. */
  function check(path: string, seen: FileVersion): void {
    after(stableMs, async () => {
      const now = await versionOf(path);
      if (now === null) known.delete(path);
      else if (now.key === seen.key) offer(path, now);
      else check(path, now);
    });
  }

  function offer(path: string, { mtimeMs }: FileVersion): void {
    const file = { path, mtimeMs, arrivedAt: clock.monotonic() };
    const index = whole.findLastIndex((other) => !isOlder(other, file));
    whole.splice(index + 1, 0, file);
    news.ring();
  }

  function after(ms: number, work: () => Promise<void>): void {
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, ms);
    timers.add(timer);
  }
}

function isOlder(a: { path: string; mtimeMs: EpochMs }, b: { path: string; mtimeMs: EpochMs }): boolean {
  return a.mtimeMs === b.mtimeMs ? a.path < b.path : a.mtimeMs < b.mtimeMs;
}
