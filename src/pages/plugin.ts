import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { loadAssets, type Asset } from './assets.ts';
import { contentSecurityPolicy, index, pages, shell } from './shell.ts';

/**
 * The pages `/`, `/kiosk`, `/operator` and `/compare`, and their files below `/assets`. They hold nothing of a person and ask
 * for no token: what they show, their scripts fetch from the API. Throws MusterError `pages_missing` where they are
 * not built.
 */
export const pagesPlugin: FastifyPluginAsync = async (server: FastifyInstance) => {
  const assets = await loadAssets();
  const policy = contentSecurityPolicy(assets);
  const documents = new Map([
    ['/', index(assets)],
    ...pages.map((page) => [page.path, shell(page, assets)] as const),
  ]);

  for (const [path, document] of documents) {
    // A page is asked for anew each time, and its etag tells one that is open whether it is still the station's.
    const asset = { type: 'text/html; charset=utf-8', bytes: Buffer.from(document), gzipped: null };
    server.get(path, { exposeHeadRoute: true }, (request, reply) => {
      void reply.header('cache-control', 'no-cache').headers({
        'content-security-policy': policy,
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      });
      return send(request, reply, { ...asset, etag: `"${assets.version}"` });
    });
  }

  // Looked up among what was read at the start: the path of a request never becomes a path on the disk.
  const prefix = `/assets/${assets.version}/`;
  server.get('/assets/*', (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const asset = path.startsWith(prefix) ? assets.files.get(path.slice(prefix.length)) : undefined;
    if (asset === undefined) {
      reply.callNotFound();
      return reply;
    }
    void reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(request, reply, asset);
  });
};

function send(request: FastifyRequest, reply: FastifyReply, asset: Asset): FastifyReply {
  void reply.headers({ etag: asset.etag, vary: 'accept-encoding' });
  if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
  const packed = asset.gzipped !== null && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (packed) void reply.header('content-encoding', 'gzip');
  return reply.type(asset.type).send(packed ? asset.gzipped : asset.bytes);
}
