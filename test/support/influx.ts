import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { writeInfluxdConfig } from './influxd.ts';
import { startServer, type Server } from './servers.ts';
import { temporaryFolder } from './tools.ts';

export { hasInfluxd as hasInflux, withoutInfluxd as withoutInflux } from './influxd.ts';

export interface Influx extends Server {
  /** Runs a statement of InfluxQL and gives its rows, with tags and fields by name; times in ns as text. */
  query(statement: string): Promise<Record<string, unknown>[]>;
}

/** An InfluxDB 1.x on a free port of loopback, with the database `muster`. */
export async function startInflux(): Promise<Influx> {
  const { config, url } = await writeInfluxdConfig(await temporaryFolder(), false);
  const server = await startServer(url, '/ping', 'influxd', ['-config', config]);
  const influx: Influx = {
    ...server,
    async query(statement) {
      const answer = await fetch(`${url}/query?db=muster&epoch=ns`, {
        method: 'POST',
        body: new URLSearchParams({ q: statement }),
      });
      // A number can't hold nanoseconds: the times are read as text.
      const text = (await answer.text()).replaceAll(/\[(\d{19}),/g, '["$1",');
      const { results } = JSON.parse(text) as {
        results: { series?: { columns: string[]; values: unknown[][] }[] }[];
      };
      return (results[0]?.series ?? []).flatMap(({ columns, values }) =>
        values.map((row) =>
          Object.fromEntries(columns.flatMap((name, i) => (row[i] === null ? [] : [[name, row[i]]]))),
        ),
      );
    },
  };
  await influx.query('CREATE DATABASE muster');
  return influx;
}

export interface Fault {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Proxy {
  readonly url: string;
  /** How a write is answered in place of the database; null for the database's own answer. Set it at will. */
  fault: (lines: readonly string[], headers: IncomingMessage['headers']) => Fault | 'hang up' | null;
  /** How long each write is held before it is answered, ms. */
  delayMs: number;
  /** Writes that reached it. */
  writes: number;
}

/**
 * Stands before a database: it maps the write call of InfluxDB 2, which 1.8 has and Debian's 1.6 has not, to that of 1.x, and
 * makes faults.
 */
export async function startProxy(target: string): Promise<Proxy> {
  const server = createServer((request, response) => {
    void handle().catch(() => response.destroy());

    async function handle() {
      const body = await bytesOf(request);
      const url = new URL(request.url ?? '', target);
      if (url.pathname === '/api/v2/write') {
        proxy.writes += 1;
        const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        const fault = proxy.fault(text.toString().split('\n'), request.headers);
        if (proxy.delayMs > 0) await sleep(proxy.delayMs);
        if (fault !== null) {
          if (fault === 'hang up') request.socket.destroy();
          else response.writeHead(fault.status, fault.headers).end(fault.body);
          return;
        }
        url.searchParams.set('db', url.searchParams.get('bucket') ?? '');
        url.searchParams.set('precision', 'n');
        url.pathname = '/write';
      }
      const { method = 'GET', headers } = request;
      const onward = httpRequest(url, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      onward.end(body);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = { url: `http://127.0.0.1:${port}`, fault: () => null, delayMs: 0, writes: 0 };
  return proxy;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
