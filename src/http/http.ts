import { readFile } from 'node:fs/promises';
import type { Server as HttpsServer } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.ts';
import { readSecret } from '../config/secret.ts';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Alerts } from '../telemetry/alerts.ts';
import type { HttpServer, HttpTarget } from './contract.ts';
import { createServer } from './server.ts';

export interface HttpOptions {
  readonly config: Config['http'];
  readonly station: HttpTarget;
  readonly alerts: Alerts;
  readonly log: Log;
  /** Between two attempts to listen, ms. */
  readonly retryMs?: number;
  /** Between two looks at the files of token and certificate, ms. */
  readonly renewMs?: number;
}

/** What the files say. */
interface Credentials {
  readonly token: string | null;
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** Listens as the config says, and keeps at it; with port 0 it does nothing. */
export function createHttp(options: HttpOptions): HttpServer {
  const { config, alerts, log, retryMs = 10_000, renewMs = 60_000 } = options;
  const secure = config.cert_file !== null;
  let server: FastifyInstance | null = null;
  let credentials: Credentials = { token: null, tls: null };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let working = Promise.resolve();

  return {
    async start() {
      if (config.port === 0) return;
      working = listen();
      await working;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await working;
      await server?.close();
    },
  };

  async function listen(): Promise<void> {
    try {
      credentials = await readCredentials(config);
      const fresh = await createServer({ ...options, token: () => credentials.token, tls: credentials.tls });
      // Whoever closes meanwhile finds it.
      server = fresh;
      await fresh.listen({ host: config.host, port: config.port });
      alerts.clear('http-port');
      log.info({ url: urlOf(config) }, 'the API and the pages are served');
      later(renewMs, renew);
    } catch (error) {
      await server?.close();
      server = null;
      alerts.raise('http-port', 'error', `the API and the pages are not served: ${reasonOf(error, config)}`);
      later(retryMs, listen);
    }
  }

  /** Takes up another token or certificate without an interruption. */
  async function renew(): Promise<void> {
    try {
      const next = await readCredentials(config);
      if (next.tls !== null && next.tls.cert !== credentials.tls?.cert) {
        (server?.server as unknown as HttpsServer | undefined)?.setSecureContext(next.tls);
        log.info('the certificate of the API was renewed');
      }
      credentials = next;
      alerts.clear('http-port');
    } catch (error) {
      const message = `the token and the certificate of the API stay as they are: ${messageOf(error)}`;
      alerts.raise('http-port', 'warning', message);
    }
    later(renewMs, renew);
  }

  function later(ms: number, work: () => Promise<void>): void {
    if (closed) return;
    timer = setTimeout(() => {
      working = work();
    }, ms).unref();
  }

  function urlOf({ host, port }: Config['http']): string {
    return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
}

async function readCredentials(config: Config['http']): Promise<Credentials> {
  const token = await readSecret(config, 'token');
  const { cert_file, key_file } = config;
  if (cert_file === null || key_file === null) return { token, tls: null };
  const [cert, key] = await Promise.all([readFile(cert_file, 'utf8'), readFile(key_file, 'utf8')]);
  return { token, tls: { cert, key } };
}

function reasonOf(error: unknown, { host, port }: Config['http']): string {
  const code = codeOf(error);
  const where = `${host}:${port}`;
  if (code === 'EADDRINUSE')
    return `the port of ${where} is in use. Choose another http.port, or end the other program`;
  if (code === 'EADDRNOTAVAIL') return `this machine has no address ${host}. Check http.host`;
  if (code === 'EACCES')
    return `${where} may not be listened on by this user. Choose an http.port from 1024 on`;
  return messageOf(error);
}
