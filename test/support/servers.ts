import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { eventually } from './tools.ts';

export function isInstalled(program: string, argument: string): boolean {
  return spawnSync(program, [argument]).error === undefined;
}

/** A server of a test, which can be stopped and started again. */
export interface Server {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a program and waits until `path` of `url` answers. It is stopped when the test is over. */
export async function startServer(
  url: string,
  path: string,
  program: string,
  args: readonly string[],
): Promise<Server> {
  let child: ChildProcess | null = null;
  const server: Server = {
    url,
    async start() {
      const started = spawn(program, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      let output = '';
      started.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
      await eventually(`${program} to answer`, async () => {
        if (started.exitCode !== null) throw new Error(output);
        return await fetch(`${url}${path}`).then(
          ({ status }) => status < 300,
          () => false,
        );
      });
    },
    async stop() {
      const running = child;
      if (running === null || running.exitCode !== null || running.signalCode !== null) return;
      const exited = once(running, 'exit');
      running.kill('SIGKILL');
      await exited;
    },
  };
  onTestFinished(() => server.stop());
  await server.start();
  return server;
}
