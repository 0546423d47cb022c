import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { HttpError, InfluxDB, Point as InfluxPoint, setLogger } from '@influxdata/influxdb-client';
import type { Clock } from '../lib/clock.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Database, DatabaseEvents, Point, WriteOutcome } from './contract.ts';
import { judge } from './judge.ts';

export interface InfluxOptions {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  /** A token, or `username:password` for InfluxDB 1.8; null for none. */
  readonly token: string | null;
  readonly timeoutMs: number;
  /** Points in one request at the most. */
  readonly batchSize: number;
  /** How long a point waits for others, ms. */
  readonly flushMs: number;
  readonly clock: Clock;
}

/** Retries inside the client. After them the batch is handed back to the writer, which knows no end. */
const retries = {
  maxRetries: 5,
  maxRetryTime: 60_000,
  minRetryDelay: 200,
  maxRetryDelay: 5_000,
  exponentialBase: 2,
  retryJitter: 200,
  randomRetry: true,
} as const;

/** The client drops the oldest lines beyond this. What is open is bounded far below it (bridge.window), so it never does. */
const maxBufferLines = 10_000_000;
/** Below the limits of proxies and of InfluxDB Cloud. */
const maxBatchBytes = 1_000_000;
const gzipThreshold = 4_096;

/** The one door to the Influx client: its batching and its retries, and one request at a time beside them. */
export function createInflux(options: InfluxOptions, events: DatabaseEvents): Database {
  const { clock, batchSize, flushMs } = options;
  // The client writes to the console by itself; what there is to tell is told through the events.
  setLogger({ error: () => undefined, warn: () => undefined });
  const agent = createAgent(options.url);
  const client = new InfluxDB({
    url: options.url,
    ...(options.token === null ? {} : { token: options.token }),
    timeout: options.timeoutMs,
    transportOptions: { agent },
  });
  const common = { maxBatchBytes, gzipThreshold };
  const batches = client.getWriteApi(options.org, options.bucket, 'ns', {
    ...common,
    ...retries,
    batchSize,
    flushInterval: flushMs,
    maxBufferLines,
    writeSuccess: (lines) => events.written(lines),
    writeFailed(error, lines, attempt, expires) {
      const outcome = outcomeOf(error);
      // A pause that the server asks for is kept by the writer: the client takes its seconds for milliseconds.
      const asked = outcome.kind === 'away' && outcome.retryAfterMs !== null;
      const ended = attempt > retries.maxRetries || expires <= Date.now();
      const clientRetries = !(error instanceof HttpError) || error.statusCode >= 429;
      if (outcome.kind === 'away' && clientRetries && !asked && !ended) {
        events.failing(outcome);
        return undefined;
      }
      events.handedBack(lines, outcome);
      return Promise.resolve();
    },
  });

  return {
    add: (line) => batches.writeRecord(line),
    flush: () => batches.flush().catch(() => undefined),
    lineOf,
    async write(lines) {
      const once = client.getWriteApi(options.org, options.bucket, 'ns', {
        ...common,
        maxBatchBytes: Number.MAX_SAFE_INTEGER,
        maxRetries: 0,
        batchSize: lines.length + 1,
        flushInterval: 0,
      });
      try {
        once.writeRecords([...lines]);
        await once.flush();
        return { kind: 'written' };
      } catch (error) {
        return outcomeOf(error);
      } finally {
        once.dispose();
      }
    },
    close() {
      batches.dispose();
      agent.destroy();
    },
  };

  function outcomeOf(error: unknown): WriteOutcome {
    const http = error instanceof HttpError ? error : null;
    const retryAfter = http?.headers?.['retry-after'];
    return judge(
      {
        status: http?.statusCode ?? null,
        message: messageOf(error) || codeOf(error) || 'no answer',
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
      },
      clock.now(),
    );
  }
}

/** Exported for tests: what the database is sent. */
export function lineOf({ measurement, tags, fields, timeNs }: Point): string {
  const point = new InfluxPoint(measurement).timestamp(timeNs.toString());
  for (const [name, value] of Object.entries(tags)) point.tag(name, value);
  for (const [name, type, value] of fields) {
    if (type === 'float') point.floatField(name, value);
    else if (type === 'int') point.intField(name, value);
    else if (type === 'boolean') point.booleanField(name, value);
    else point.stringField(name, value);
  }
  return point.toLineProtocol() ?? '';
}

/** The client tells of a request that takes too long, but leaves its socket open: here it is closed. */
function createAgent(url: string): HttpAgent | HttpsAgent {
  const agent = url.startsWith('https:')
    ? new HttpsAgent({ keepAlive: true, maxSockets: 4 })
    : new HttpAgent({ keepAlive: true, maxSockets: 4 });
  const { createConnection } = agent as unknown as { createConnection: (...args: unknown[]) => Socket };
  Object.assign(agent, {
    createConnection(...args: unknown[]) {
      const socket = createConnection.apply(agent, args);
      return socket.on('timeout', () => socket.destroy());
    },
  });
  return agent;
}
