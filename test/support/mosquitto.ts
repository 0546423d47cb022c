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

/** A Mosquitto on a free port of loopback. `settings` are further lines of its configuration. */
export async function startMosquitto(
  settings: readonly string[] = ['allow_anonymous true'],
  scheme: 'mqtt' | 'mqtts' | 'ws' = 'mqtt',
): Promise<{ url: string }> {
  const dir = await temporaryFolder();
  const port = await freePort();
  const config = join(dir, 'mosquitto.conf');
  // Started by root it would become a user who can't read the test's files.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  await writeFile(config, [`listener ${port} 127.0.0.1`, ...user, ...settings, ''].join('\n'));
  const child = spawn('mosquitto', ['-c', config], {
    env: { PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill();
    await exited;
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually('mosquitto to run', () => {
    if (child.exitCode !== null) throw new Error(output);
    return / running/.test(output);
  });
  return { url: `${scheme}://127.0.0.1:${port}` };
}
