import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { eventually, temporaryFolder } from './tools.ts';

/** Debian puts it where only root looks. */
const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

export const hasMosquitto = spawnSync('mosquitto', ['-h'], { env: { PATH: path } }).error === undefined;
export const withoutMosquitto = 'skipped: the program mosquitto is not installed';

export interface RunningMosquitto {
  readonly url: string;
  readonly port: number;
  /** Such as SIGSTOP, SIGCONT. */
  signal(name: NodeJS.Signals): void;
  /** Ends it by a signal and starts it again on the same port, with the same configuration. */
  restart(by: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A Mosquitto on a free port of loopback. `settings` are further lines of its configuration. */
export async function startMosquitto(
  settings: readonly string[] = ['allow_anonymous true'],
  scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss' = 'mqtt',
): Promise<RunningMosquitto> {
  const dir = await temporaryFolder();
  const port = await freePort();
  const config = join(dir, 'mosquitto.conf');
  // Started by root it would become a user who can't read the test's files.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  // Mosquitto 2.0 does not start with nothing but a WebSocket listener.
  const [protocol, second] = scheme.startsWith('ws')
    ? [['protocol websockets'], [`listener ${await freePort()} 127.0.0.1`]]
    : [[], []];
  const lines = [`listener ${port} 127.0.0.1`, ...protocol, ...user, ...settings, ...second, ''];
  await writeFile(config, lines.join('\n'));
  let running = await run(config);
  onTestFinished(() => running.end('SIGKILL'));
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    signal: (name) => running.child.kill(name),
    async restart(by) {
      await running.end(by);
      running = await run(config);
    },
  };
}

async function run(config: string) {
  const child = spawn('mosquitto', ['-c', config], {
    env: { PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually('mosquitto to run', () => {
    if (child.exitCode !== null) throw new Error(output);
    return / running/.test(output);
  });
  return {
    child,
    async end(signal: NodeJS.Signals) {
      child.kill(signal);
      await exited;
    },
  };
}
