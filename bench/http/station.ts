import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/lib/package.ts';
import type { ProbeAnswer, ProbeQuestion } from './probe.ts';

export interface ServedStation {
  /** Asks the probe in the station's process. */
  readonly ask: (question: ProbeQuestion) => Promise<ProbeAnswer>;
  /** Throws unless it ends well. */
  readonly stop: () => Promise<void>;
}

/** As long as models may take to load on a small board, ms. */
const startMs = 120_000;
const lookMs = 200;

/**
 * Starts the program's own station in a process of its own: nothing of the bench shares its main thread but the probe. Resolves
 * when its API says that it decides captures; throws with what it wrote when it ends before.
 */
export async function startServedStation(port: number, env: NodeJS.ProcessEnv): Promise<ServedStation> {
  const execArgv = ['--import', new URL('./probe.js', import.meta.url).href];
  const child = fork(join(packageRoot, 'bin/muster.js'), ['station'], {
    env: { ...env, MUSTER_HTTP__PORT: String(port) },
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const output: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.push(text);
    if (output.length > 100) output.shift();
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const giveUpAt = performance.now() + startMs;
  while (!(await isReady(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`the station did not start:\n${output.join('')}`);
    }
    await sleep(lookMs);
  }
  return {
    async ask(question) {
      const answer = once(child, 'message') as Promise<[ProbeAnswer]>;
      child.send(question);
      return (await answer)[0];
    },
    async stop() {
      child.kill('SIGTERM');
      const [status] = await ended;
      if (status !== 0) throw new Error(`the station ended with status ${status}:\n${output.join('')}`);
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/api/v1/health`)).status === 200;
  } catch {
    return false;
  }
}
