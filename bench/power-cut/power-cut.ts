import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/lib/package.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { inventPeople } from '../../src/simulate/people.ts';
import { missingAfter } from './check.ts';
import { createDisk } from './disk.ts';
import { createPromises, timeOfCapture } from './promises.ts';
import { readTrace, straceArguments, type FileCall } from './trace.ts';

export interface PowerCutOptions {
  /** An empty folder. */
  readonly dir: string;
  readonly cuts: number;
  readonly captures: number;
  readonly seed: number;
  readonly onProgress: () => void;
}

export interface PowerCutResult {
  readonly cuts: number;
  /** Calls that the process made to its files. */
  readonly calls: number;
  readonly captures: number;
  /** What was missing, with the number of the cut. */
  readonly missing: readonly string[];
}

/** strace is there, and may look at a process of ours. */
export const canTrace =
  spawnSync('strace', ['-qq', '-e', 'trace=none', process.execPath, '--version']).status === 0;

/**
 * Records everything that a station under load does to its files, and starts another on what each of many power cuts, at random moments
 * of that record, would have left on the disk.
 */
export async function cutPower(options: PowerCutOptions): Promise<PowerCutResult> {
  const { dir, cuts, captures, seed, onProgress } = options;
  const random = seededRandom(seed);
  const dataDir = join(dir, 'data');
  const calls = await record(dir, dataDir, captures);
  const people = await inventPeople(300, 7);
  const first = calls.findIndex((call) => call.call === 'write' && call.fd === 1);
  const moments = Array.from({ length: cuts }, () => first + Math.floor(random() * (calls.length - first)));
  const disk = createDisk();
  const promises = createPromises();
  const missing: string[] = [];
  let at = 0;
  let cut = 0;
  for (const moment of moments.toSorted((a, b) => a - b)) {
    for (; at <= moment; at += 1) {
      const call = calls[at]!;
      if (call.call === 'write' && call.fd === 1) promises.hear(call.data.toString());
      else disk.apply(call);
    }
    const left = join(dir, `cut-${cut}`);
    await disk.cut(dataDir, left, random, timeOfCapture);
    const found = await missingAfter(left, promises, people).catch((error: unknown) => [
      `the station does not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ]);
    missing.push(...found.map((what) => `cut ${cut}, after ${moment} calls: ${what}`));
    if (found.length === 0) await rm(left, { recursive: true });
    cut += 1;
    onProgress();
  }
  return { cuts, calls: calls.length, captures: promises.fed, missing };
}

async function record(dir: string, dataDir: string, captures: number): Promise<readonly FileCall[]> {
  const file = join(dir, 'trace');
  await mkdir(dataDir);
  const load = join(packageRoot, 'dist/bench/power-cut/load.js');
  const child = spawn(
    'strace',
    [...straceArguments, '-o', file, process.execPath, load, dataDir, `${captures}`],
    // Else libuv may hand files to the kernel where strace does not see it.
    { env: { ...process.env, UV_USE_IO_URING: '0' }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`the load ended with status ${status}`);
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) lines.push(line);
  return [...readTrace(lines)];
}
