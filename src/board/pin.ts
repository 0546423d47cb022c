import { execFile } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../lib/errors.ts';

const run = promisify(execFile);

/**
 * Keeps the calling thread, and those that it starts from now on, on the cores `cpus`. Resolves with the reason where that can't be done
 * (no `taskset`, a sandbox that forbids it), which costs speed and nothing else.
 *
 * Node has no call for it. `taskset` of util-linux, which every Debian has, sets it for a thread by its number.
 */
export async function pinThisThread(cpus: readonly number[]): Promise<string | null> {
  try {
    // Synchronous on purpose: asynchronous reading is done by another thread, which would find itself.
    const thread = basename(readlinkSync('/proc/thread-self'));
    await run('taskset', ['--cpu-list', '--pid', cpus.join(','), thread], { timeout: 5_000 });
    return null;
  } catch (error) {
    return messageOf(error).trim();
  }
}
