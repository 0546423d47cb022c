import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { openapiDocument } from './openapi.ts';

/** `/openapi.json`, and a page at `/docs` to read it and try it out. Everything comes from the station: it works offline. */
export const readerPlugin: FastifyPluginAsync = async (server) => {
  const document = openapiDocument();
  const text = JSON.stringify(document);
  server.get('/openapi.json', (_request, reply) => reply.type('application/json').send(text));
  await server.register(swagger, { mode: 'static', specification: { document: document as never } });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    // The reader sets style attributes of its own; nothing comes from elsewhere.
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    theme: { title: 'Muster API' },
    uiConfig: { layout: 'BaseLayout' },
  });
};
