import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import type { smallDisk } from '../support/small-disk.ts';

/** The virtual station's name. */
export const station = 'sim-1';

export interface StationOptions {
  readonly dir: string;
  readonly events: number;
  readonly rate: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface StationUnderFaults {
  /** SIGKILL, and a new process. */
  restart(): Promise<void>;
  /** Sets the station's clock this far from the true time. */
  stepClock(seconds: number): Promise<void>;
  /** Resolves with its exit status when all is delivered. */
  readonly done: () => Promise<number | null>;
  /** Lines of all its processes' log of the level error and above. */
  readonly errors: () => readonly string[];
  readonly clockCanStep: boolean;
}

export const fakeTime = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((dir) => `${dir}/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));
export const hasFakeTime = fakeTime !== undefined;

/** One virtual station as a process that can be killed and goes on where it was. */
export async function startStationUnderFaults(options: StationOptions): Promise<StationUnderFaults> {
  const { dir, events, rate, env } = options;
  const from = new Date().toISOString();
  const offset = join(dir, 'clock-offset');
  await writeFile(offset, '+0');
  const faked =
    fakeTime === undefined
      ? {}
      : {
          LD_PRELOAD: fakeTime,
          FAKETIME_TIMESTAMP_FILE: offset,
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          FAKETIME_CACHE_DURATION: '1',
        };
  const errors: string[] = [];
  let finished!: (status: number | null) => void;
  const done = new Promise<number | null>((resolve) => (finished = resolve));
  let killed = false;
  let child = begin();
  onTestFinished(() => void child.kill('SIGKILL'));

  return {
    async restart() {
      killed = true;
      child.kill('SIGKILL');
      await once(child, 'exit');
      killed = false;
      child = begin();
    },
    stepClock: (seconds) => writeFile(offset, `${seconds < 0 ? '' : '+'}${seconds}`),
    done: () => done,
    errors: () => errors,
    clockCanStep: fakeTime !== undefined,
  };

  function begin(): ChildProcess {
    const args = [
      '--stations',
      '1',
      '--rate',
      `${rate}`,
      '--duration',
      `${events / rate}`,
      '--people',
      '5000',
    ];
    const process_ = spawn(
      process.execPath,
      [join(packageRoot, 'bin/muster.js'), 'simulate', ...args, '--from', from, '--dropouts', '0'],
      {
        cwd: dir,
        env: { ...process.env, MUSTER_LOG__LEVEL: 'warn', ...env, ...faked },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    process_.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    void once(process_, 'exit').then(([status]) => {
      if (!killed) finished(status as number | null);
    });
    return process_;
  }
}

/** What has arrived of one stream, by the first arrival of each event. */
export function createLedger() {
  const ids = new Set<string>();
  const seqs: number[] = [];
  let arrived = 0;
  return {
    take({ event_id, seq }: CheckinEvent): void {
      arrived += 1;
      if (ids.has(event_id)) return;
      ids.add(event_id);
      seqs.push(seq);
    },
    /** Different events. */
    count: () => ids.size,
    arrived: () => arrived,
    isInOrder: () => seqs.every((seq, i) => i === 0 || seqs[i - 1]! < seq),
  };
}

/** Leaves no room on a disk for a time, also when the station gives some up. */
export async function fullFor(ms: number, disk: Awaited<ReturnType<typeof smallDisk>>): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await disk.fill();
    await sleep(50);
  }
  await disk.free();
}
