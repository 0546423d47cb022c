import { fastify } from 'fastify';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

export interface Page {
  /** Throws MusterError `bridge_port` when the port can't be had. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PageOptions {
  readonly host: string;
  /** 0 for no page. */
  readonly port: number;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly health: () => { readonly ok: boolean; readonly body: object };
}

/** `/metrics` for Prometheus and `/health` (200, or 503 while it is degraded). */
export function createPage({ host, port, metrics, health }: PageOptions): Page {
  const server = fastify({ bodyLimit: 1024, requestTimeout: 10_000, forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics();
    return await reply.type(contentType).send(text);
  });
  server.get('/health', async (_request, reply) => {
    const { ok, body } = health();
    return await reply.code(ok ? 200 : 503).send(body);
  });

  return {
    async start() {
      if (port === 0) return;
      try {
        await server.listen({ host, port });
      } catch (error) {
        const inUse = codeOf(error) === 'EADDRINUSE';
        throw new MusterError(
          'bridge_port',
          `the bridge's page can't listen on ${host}:${port}: ${inUse ? 'the port is in use' : messageOf(error)}`,
          {
            remedy: 'Choose another bridge.http.port (0 for no page), or check bridge.http.host.',
            cause: error,
          },
        );
      }
    },
    close: () => server.close(),
  };
}
