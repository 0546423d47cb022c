import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';

export interface RunningStation {
  readonly child: ChildProcess;
  /** The lines of its log so far. */
  readonly lines: readonly { msg: string; level: number; [key: string]: unknown }[];
  /** Resolves when it waits for captures; rejects with its output when it ends before. */
  readonly ready: Promise<void>;
  /** Ends it as systemd does, and gives its exit status. */
  readonly stop: () => Promise<number | null>;
  kill(): Promise<void>;
}

/** Without a server for the API, unless the test asks for one: two stations can't have the same port. */
function environment(dir: string, settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, MUSTER_DATA_DIR: join(dir, 'data'), MUSTER_HTTP__PORT: '0', ...settings };
}

/**
 * The compiled program as a process of its own, with its data in `dir` and settings from `env`, such as
 * `{ MUSTER_MQTT__URL: … }`. The program is that of `root`.
 */
export function startStation(
  dir: string,
  env: Readonly<Record<string, string>>,
  cleanUp: (work: () => void) => void = onTestFinished,
  root = packageRoot,
): RunningStation {
  const child = spawn(process.execPath, [join(root, 'bin/muster.js'), 'station'], {
    cwd: dir,
    env: environment(dir, env),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines: { msg: string; level: number }[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(
        line.startsWith('{') ? (JSON.parse(line) as { msg: string; level: number }) : { msg: line, level: 0 },
      );
      if (lines.at(-1)?.msg.startsWith('ready')) resolve();
    });
    void exited.then(() =>
      reject(new Error(`the station ended: ${lines.map((line) => line.msg).join('\n')}`)),
    );
  });
  ready.catch(() => undefined);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    const [status] = (await exited) as [number | null];
    return status;
  };
  cleanUp(() => void child.kill('SIGKILL'));
  return {
    child,
    lines,
    ready,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

/** Runs one verb of the compiled program to its end. */
export async function muster(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(packageRoot, 'bin/muster.js'), ...args], {
    cwd: dir,
    env: environment(dir, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}
