import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectAsync } from 'mqtt';
import { packageRoot } from '../src/lib/package.ts';
import type { CheckinEvent } from '../src/telemetry/payloads.ts';
import type { ProbeAnswer, ProbeQuestion } from './probe.ts';

export interface BenchStation {
  /** Calls back for each event, as it comes from the station's broker. */
  onEvent(listener: (event: CheckinEvent) => void): void;
  /** Asks the probe in the station's process. */
  ask(question: ProbeQuestion): Promise<ProbeAnswer>;
  /** Throws unless it ends well. */
  stop(): Promise<void>;
}

const program = join(packageRoot, 'bin/muster.js');

/**
 * Starts the program's own station with its own broker, in a process of its own: nothing of the bench shares its main thread but the
 * probe. Resolves when it waits for captures and its events are subscribed to.
 */
export async function startStation(env: NodeJS.ProcessEnv): Promise<BenchStation> {
  const execArgv = ['--import', new URL('./probe.js', import.meta.url).href];
  const child = fork(program, ['station'], { env, execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const url = await brokerWhenReady(child);
  const client = await connectAsync(url, { protocolVersion: 4 });
  await client.subscribeAsync('muster/1/+/+/checkin', { qos: 1 });

  return {
    onEvent(listener) {
      client.on('message', (_topic, payload) => listener(JSON.parse(payload.toString()) as CheckinEvent));
    },
    async ask(question) {
      const answer = once(child, 'message') as Promise<[ProbeAnswer]>;
      child.send(question);
      return (await answer)[0];
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const [status] = (await ended) as [number | null];
      await client.endAsync();
      if (status !== 0) throw new Error(`the station ended with status ${status}`);
    },
  };
}

/** Reads the station's log until it says that it is ready. Resolves with the address of its broker. */
async function brokerWhenReady(child: ChildProcess): Promise<string> {
  let url = '';
  const output: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    output.push(line);
    const entry = line.startsWith('{') ? (JSON.parse(line) as { msg?: string; url?: string }) : {};
    url = entry.url ?? url;
    if (entry.msg?.startsWith('ready') === true) {
      child.stderr!.resume();
      return url;
    }
  }
  throw new Error(`the station did not start:\n${output.join('\n')}`);
}

/** Enrols the photos of a folder, as `muster enroll` does. */
export async function enroll(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = fork(program, ['enroll', folder], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`enrolment ended with status ${status}`);
}
