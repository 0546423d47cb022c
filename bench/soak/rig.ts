import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import { connectAsync } from 'mqtt';
import { createEmbeddedBroker } from '../../src/broker/embedded.ts';
import type { Log } from '../../src/lib/log.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { memoryMessage, type MemoryLine } from './memory.ts';

/** In MB of 2^20 bytes, and the number of open files. */
export interface ProcessReading {
  readonly rssMb: number;
  /** Of the resident memory: pages of the program's files, which the system may take back at any time. */
  readonly filesMb: number;
  /** What the main thread's heap has taken, what of it is in use (garbage included), and what its objects hold outside of it. */
  readonly heapMb: number;
  readonly heapUsedMb: number;
  readonly externalMb: number;
  readonly handles: number;
}

/** A station's process from outside. */
export interface SoakedStation {
  readonly pid: number;
  /** Lines of its log of the level error and above. */
  readonly errors: readonly string[];
  /** What the process takes of the machine. */
  read(): Promise<ProcessReading>;
  /** Ends it as systemd does, and gives its exit status. */
  stop(): Promise<number | null>;
}

const program = join(packageRoot, 'bin/muster.js');
/** The compiled one, as the station's program is compiled. */
const teller = pathToFileURL(join(packageRoot, 'dist/bench/soak/memory.js')).href;
const mb = (bytes: number) => bytes / 2 ** 20;
const errorLevel = 50;

/** Starts the program's own station. Resolves when it waits for captures. */
export async function startStation(env: NodeJS.ProcessEnv): Promise<SoakedStation> {
  const child = spawn(process.execPath, ['--import', teller, program, 'station'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors: string[] = [];
  let memory: MemoryLine | null = null;
  await ready(child, errors, (line) => (memory = line));
  return {
    pid: child.pid ?? 0,
    errors,
    async read() {
      const { heapTotal = 0, heapUsed = 0, external = 0 } = memory ?? {};
      const ofHeap = { heapMb: mb(heapTotal), heapUsedMb: mb(heapUsed), externalMb: mb(external) };
      return { ...(await readProcess(child.pid ?? 0)), ...ofHeap };
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      return ((await ended) as [number | null])[0];
    },
  };
}

function ready(child: ChildProcess, errors: string[], onMemory: (line: MemoryLine) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => {
      const entry = line.startsWith('{') ? (JSON.parse(line) as { level: number; msg: string }) : null;
      if (entry?.msg === memoryMessage) {
        onMemory(entry as MemoryLine);
        return;
      }
      if (entry === null || entry.level >= errorLevel) errors.push(line);
      if (lines.length < 20) lines.push(line);
      if (entry?.msg.startsWith('ready') === true) resolve();
    });
    child.once('exit', () => reject(new Error(`the station ended:\n${lines.join('\n')}`)));
  });
}

async function readProcess(pid: number): Promise<Pick<ProcessReading, 'rssMb' | 'filesMb' | 'handles'>> {
  const [status, handles] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readdir(`/proc/${pid}/fd`),
  ]);
  const ofStatus = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { rssMb: ofStatus('VmRSS'), filesMb: ofStatus('RssFile'), handles: handles.length };
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

/**
 * A broker that can be out of reach for a while, on one port, and everything that it has heard of check-ins. It lives on behind its door,
 * with the one who listens: else an event that it has acknowledged could be heard by nobody.
 */
export async function createBrokerThatGoes(log: Log) {
  /** By event id. */
  const heard = new Map<string, CheckinEvent>();
  const broker = createEmbeddedBroker({ host: '127.0.0.1', port: 0, log });
  await broker.start();
  const client = await connectAsync(broker.url(), { protocolVersion: 4, reconnectPeriod: 0 });
  client.on('message', (_topic, payload) => {
    const event = JSON.parse(payload.toString()) as CheckinEvent;
    heard.set(event.event_id, event);
  });
  await client.subscribeAsync('muster/1/+/+/checkin', { qos: 1 });
  const behind = Number(new URL(broker.url()).port);
  const inside = new Set<Socket>();
  const door = createServer((socket) => {
    const onward = connect(behind, '127.0.0.1');
    for (const side of [socket, onward]) {
      inside.add(side);
      side.on('error', () => undefined);
      side.once('close', () => {
        inside.delete(side);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  });
  const port = await open(0);

  return {
    url: `mqtt://127.0.0.1:${port}`,
    heard: () => heard,
    isThere: () => door.listening,
    go,
    comeBack: () => open(port),
    async close() {
      if (door.listening) await go();
      await client.endAsync(true);
      await broker.close();
    },
  };

  async function open(at: number): Promise<number> {
    door.listen(at, '127.0.0.1');
    await once(door, 'listening');
    return (door.address() as AddressInfo).port;
  }

  async function go(): Promise<void> {
    const closed = once(door, 'close');
    door.close();
    for (const socket of inside) socket.destroy();
    await closed;
  }
}
