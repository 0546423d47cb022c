import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { startBridge } from '../../src/bridge/bridge.ts';
import type { Bridge } from '../../src/bridge/contract.ts';
import { configSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Log } from '../../src/lib/log.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { checkinEvent } from '../../src/telemetry/event.ts';
import type { CheckinEvent, HealthPayload, MetricsPayload } from '../../src/telemetry/payloads.ts';
import { face, facts, subject } from './events.ts';
import { subscribe } from './broker.ts';
import { startInflux, startProxy } from './influx.ts';
import { startMosquitto } from './mosquitto.ts';
import { eventually, silentLog } from './tools.ts';

/** Some minutes ago, on the second: databases refuse what is far in the past or the future of their retention. */
export const began = Math.floor(Date.now() / 1000) * 1000 - 600_000;

/** The `seq`th event of a stream: every third rejected, every fifth without a face. */
export function numberedEvent(
  seq: number,
  stream = 'stream-1',
  changes: Partial<CheckinEvent> = {},
): CheckinEvent {
  const capturedAt = began + seq * 10;
  const similarity = 0.5 + (seq % 40) / 100;
  const one = face([['alice', similarity]], { quality: { sharpness: 200 + (seq % 100) } });
  const common = {
    ...facts,
    eventId: `${stream}-event-${seq}`,
    capturedAt,
    decidedAt: capturedAt + 31 + (seq % 7),
  };
  const event =
    seq % 5 === 0
      ? checkinEvent(
          {
            face: null,
            decision: 'rejected',
            reason: 'no_face',
            gate: null,
            subject: null,
            similarity: null,
            margin: null,
          },
          { ...common, faces: [] },
        )
      : seq % 3 === 0
        ? checkinEvent(
            {
              face: one,
              decision: 'rejected',
              reason: 'low_quality',
              gate: 'sharpness',
              subject: null,
              similarity,
              margin: 0.1,
            },
            { ...common, faces: [one] },
          )
        : checkinEvent(
            { face: one, decision: 'accepted', subject: subject('alice'), similarity, margin: 0.2 },
            { ...common, faces: [one, one] },
          );
  return { ...event, stream, seq, replayed: false, ...changes };
}

export function metricsPayload(at: number): MetricsPayload {
  const quantiles = { p50: 5.5, p95: 9, p99: 12.25 };
  const stages = ['queue', 'decode', 'detect', 'align', 'embed', 'match', 'total'] as const;
  return {
    schema: 'metrics/1',
    ts: new Date(at).toISOString(),
    window_s: 300,
    captures: 12,
    captures_per_s: 0.04,
    decisions: { accepted: 9, rejected: 3 },
    reasons: {
      no_face: 1,
      low_quality: 2,
      unknown: 0,
      ambiguous: 0,
      spoof_suspected: 0,
      cooldown: 0,
      gallery_empty: 0,
    },
    accept_rate_pct: 75,
    similarity_mean: 0.712,
    latency_ms: Object.fromEntries(stages.map((stage) => [stage, quantiles])) as MetricsPayload['latency_ms'],
    totals: { captures: 100, accepted: 80, rejected: 20, failed: 1 },
  };
}

export function healthPayload(at: number, changes: Partial<HealthPayload> = {}): HealthPayload {
  return {
    schema: 'health/1',
    ts: new Date(at).toISOString(),
    uptime_s: 1234.5,
    cpu_temp_c: 51.2,
    throttled: false,
    load_1m: 0.42,
    memory: { rss_mb: 180.5, free_mb: 900, total_mb: 3800 },
    disk: { free_mb: 12_000, total_mb: 30_000 },
    last_capture_age_s: 3.5,
    event_loop_p99_ms: 1.25,
    outbox: { depth: 2, bytes: 3456, oldest_age_s: 1.5 },
    clock: 'synced',
    alerts: ['outbox-full', 'inbox-unusable'],
    ...changes,
  };
}

export interface Publisher {
  readonly client: MqttClient;
  /** Publishes check-ins of one station with QoS 1. */
  checkins(events: readonly CheckinEvent[], station?: string): Promise<void>;
}

export async function publisher(url: string, version: 4 | 5 = 5): Promise<Publisher> {
  const client = await connectAsync(url, { protocolVersion: version, reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  return {
    client,
    async checkins(events, station = 'door-1') {
      const topic = `muster/1/default/${station}/checkin`;
      for (let i = 0; i < events.length; i += 200) {
        const some = events.slice(i, i + 200);
        await Promise.all(some.map((event) => client.publishAsync(topic, JSON.stringify(event), { qos: 1 })));
      }
    },
  };
}

/** A Mosquitto that keeps what a bridge misses. */
export const bridgedMosquitto = [
  'allow_anonymous true',
  'max_inflight_messages 1000',
  'max_queued_messages 0',
] as const;

/** What a bridge stands between: a Mosquitto, an InfluxDB, and the proxy before it. */
export async function bridgeServers() {
  const broker = await startMosquitto(bridgedMosquitto);
  const influx = await startInflux();
  const proxy = await startProxy(influx.url);
  return { broker, influx, proxy };
}

export interface BridgeSettings {
  readonly broker: string;
  readonly database: string;
  readonly dir: string;
  readonly bridge?: object;
  readonly influx?: object;
  readonly mqtt?: object;
  readonly log?: Log;
}

/** A bridge in the test's process: without a page, quick to write and to reconnect. */
export async function bridgeIn(settings: BridgeSettings): Promise<Bridge> {
  const config = configSchema.parse({
    data_dir: settings.dir,
    mqtt: { url: settings.broker, reconnect_min_ms: 50, reconnect_max_ms: 200, ...settings.mqtt },
    influx: { url: settings.database, timeout_s: 2, ...settings.influx },
    bridge: { flush_ms: 20, http: { port: 0 }, ...settings.bridge },
    telemetry: { health_s: 1 },
  });
  const parts = { clock: systemClock, log: settings.log ?? silentLog, random: Math.random };
  const bridge = await startBridge(config, parts, { inStation: false });
  let closing: Promise<void> | undefined;
  const bridgeOnce = { ...bridge, close: () => (closing ??= bridge.close()) };
  onTestFinished(() => bridgeOnce.close());
  return bridgeOnce;
}

export interface BridgeProcess {
  readonly pid: number;
  readonly lines: readonly { msg: string; level: number }[];
  kill(): Promise<void>;
  stop(): Promise<number | null>;
}

/** The compiled program's bridge as a process of its own. */
export async function bridgeProcess(
  dir: string,
  env: Readonly<Record<string, string>>,
): Promise<BridgeProcess> {
  const child = spawn(process.execPath, [join(packageRoot, 'bin/muster.js'), 'bridge'], {
    cwd: dir,
    env: { ...process.env, MUSTER_DATA_DIR: join(dir, 'data'), MUSTER_BRIDGE__HTTP__PORT: '0', ...env },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines: { msg: string; level: number }[] = [];
  let rest = '';
  let started!: () => void;
  const ready = new Promise<void>((resolve) => (started = resolve));
  child.stderr.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(
        line.startsWith('{') ? (JSON.parse(line) as { msg: string; level: number }) : { msg: line, level: 0 },
      );
      if (lines.at(-1)?.msg.startsWith('the bridge has started')) started();
    }
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = exited.then(() => {
    throw new Error(`the bridge ended: ${lines.map(({ msg }) => msg).join('\n')}`);
  });
  ended.catch(() => undefined);
  await Promise.race([ready, ended]);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    const [status] = (await exited) as [number | null];
    return status;
  };
  return {
    pid: child.pid ?? 0,
    lines,
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

/** Resolves when what a station publishes now gets to the database; the station `probe` tries it out. */
export async function untilBridged(url: string, station: Publisher): Promise<void> {
  const { messages, client } = await subscribe(url, 'muster/1/default/probe/ack');
  let seq = 0;
  const isAcked = (wanted: number) =>
    messages.some(({ payload }) =>
      (JSON.parse(payload) as { seqs: [number, number][] }).seqs.some(([, to]) => to >= wanted),
    );
  const probe = () => station.checkins([numberedEvent((seq += 1), 'probe')], 'probe');
  await eventually('the bridge to have subscribed', async () => {
    await probe();
    return isAcked(1);
  });
  await probe();
  await eventually('the last probe', () => isAcked(seq));
  await client.endAsync();
}
