import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectAsync, type MqttClient } from 'mqtt';
import { createEmbeddedBroker } from '../../src/broker/embedded.ts';
import type { Log } from '../../src/lib/log.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';

/** A station's process from outside. */
export interface SoakedStation {
  readonly pid: number;
  /** Lines of its log of the level error and above. */
  readonly errors: readonly string[];
  /** Ends it as systemd does, and gives its exit status. */
  stop(): Promise<number | null>;
}

const program = join(packageRoot, 'bin/muster.js');
const errorLevel = 50;

/** Starts the program's own station. Resolves when it waits for captures. */
export async function startStation(env: NodeJS.ProcessEnv): Promise<SoakedStation> {
  const child = spawn(process.execPath, [program, 'station'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  await ready(child, errors);
  return {
    pid: child.pid ?? 0,
    errors,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      return ((await ended) as [number | null])[0];
    },
  };
}

function ready(child: ChildProcess, errors: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => {
      const entry = line.startsWith('{') ? (JSON.parse(line) as { level: number; msg: string }) : null;
      if (entry === null || entry.level >= errorLevel) errors.push(line);
      if (lines.length < 20) lines.push(line);
      if (entry?.msg.startsWith('ready') === true) resolve();
    });
    child.once('exit', () => reject(new Error(`the station ended:\n${lines.join('\n')}`)));
  });
}

/** What the process takes of the machine. */
export async function readProcess(pid: number): Promise<{ rssMb: number; handles: number }> {
  const [status, handles] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  const kb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  return { rssMb: kb / 1024, handles: handles.length };
}

/** Of all files below a folder, MiB. */
export async function sizeOf(dir: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0;
  }
  return bytes / 2 ** 20;
}

/** A broker that comes and goes on one port, and everything that it has heard of check-ins. */
export async function createBrokerThatGoes(log: Log) {
  /** The number of events by event id. */
  const heard = new Map<string, CheckinEvent>();
  let broker = createEmbeddedBroker({ host: '127.0.0.1', port: 0, log });
  await broker.start();
  const url = broker.url();
  let client: MqttClient | null = await listen();

  return {
    url,
    heard: () => heard,
    isThere: () => client !== null,
    async go() {
      await client?.endAsync(true);
      client = null;
      await broker.close();
    },
    async comeBack() {
      broker = createEmbeddedBroker({ host: '127.0.0.1', port: Number(new URL(url).port), log });
      await broker.start();
      client = await listen();
    },
    async close() {
      await client?.endAsync(true);
      await broker.close();
    },
  };

  async function listen(): Promise<MqttClient> {
    const listening = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    listening.on('message', (_topic, payload) => {
      const event = JSON.parse(payload.toString()) as CheckinEvent;
      heard.set(event.event_id, event);
    });
    await listening.subscribeAsync('muster/1/+/+/checkin', { qos: 1 });
    return listening;
  }
}
