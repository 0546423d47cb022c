import {
  fastify,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { loadedLater } from '../lib/missing-part.ts';
import { openapiDocument } from './openapi.ts';

/** Each hop's own; the outer server sets those of its answer. */
const ofTheConnection = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

/**
 * `/openapi.json`, and a page at `/docs` to read it and try it out. Everything comes from the station: it works offline. The reader
 * is a server of its own behind this one, loaded when somebody first asks for it: most stations are never asked.
 */
export const readerPlugin: FastifyPluginAsync = async (server) => {
  let text: string | undefined;
  let reader: FastifyInstance | undefined;
  const load = loadedLater(async () => (reader = await createReader()));
  server.get('/openapi.json', (_request, reply) =>
    reply.type('application/json').send((text ??= JSON.stringify(openapiDocument()))),
  );
  for (const path of ['/docs', '/docs/*']) server.get(path, (request, reply) => show(request, reply));
  server.addHook('onClose', async () => await reader?.close());

  async function show({ url, headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const inner = await load();
    const { statusCode, headers: given, rawPayload } = await inner.inject({ method: 'GET', url, headers });
    if (statusCode === 404) {
      reply.callNotFound();
      return reply;
    }
    const kept = Object.entries(given).filter(([name]) => !ofTheConnection.has(name));
    return await reply.code(statusCode).headers(Object.fromEntries(kept)).send(rawPayload);
  }
};

async function createReader(): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const server = fastify();
  await server.register(swagger, {
    mode: 'static',
    specification: { document: openapiDocument() as never },
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    // The reader sets style attributes of its own; nothing comes from elsewhere.
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    theme: { title: 'Muster API' },
    uiConfig: { layout: 'BaseLayout' },
  });
  return server;
}
