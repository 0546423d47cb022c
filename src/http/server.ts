import multipart from '@fastify/multipart';
import rateLimit from '@fastify/rate-limit';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.ts';
import type { Log } from '../lib/log.ts';
import { createAccess, type Asker, type Standing } from './access.ts';
import type { HttpTarget } from './contract.ts';
import { problemOf } from './errors.ts';
import { pagesPlugin } from '../pages/plugin.ts';
import { readForm } from './form.ts';
import { createGate } from './gate.ts';
import { checked } from './input.ts';
import { HttpProblem, problemDocument, statusOf } from './problem.ts';
import { createPrometheus } from './prometheus.ts';
import { readerPlugin } from './reader.ts';
import { isForm, type Answer, type Route } from './route.ts';
import { routes } from './routes/table.ts';
import { refuseMalformed } from './malformed.ts';

export interface ServerOptions {
  readonly config: Config['http'];
  /** Of this moment; null where none is set. */
  readonly token: () => string | null;
  /** PEM; null for HTTP in the clear. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly station: HttpTarget;
  readonly log: Log;
}

const mostHeaderBytes = 16 * 1024;
/** In which the header of a request must have arrived, ms. */
const headersMs = 10_000;
/** How often Node looks for requests that take too long, ms. */
const lookMs = 2_000;
/** A connection without a request is kept so long, ms. */
const keepAliveMs = 30_000;
/** JSON bodies are a token at the most. */
const mostJsonBytes = 16 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before it is looked at, and where the route is open. */
    standing: Standing | null;
  }
}

/** The server with every route, not listening yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { config, station, log } = options;
  const { limits } = config;
  const server = fastify({
    ...(options.tls === null ? {} : { https: { ...options.tls, minVersion: 'TLSv1.2' as const } }),
    bodyLimit: mostJsonBytes,
    requestTimeout: limits.receive_s * 1000,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 64 },
    http: { maxHeaderSize: mostHeaderBytes, headersTimeout: headersMs, connectionsCheckingInterval: lookMs },
    clientErrorHandler: refuseMalformed,
    schemaController: { compilersFactory: { buildValidator: notUsed, buildSerializer: notUsed } },
    frameworkErrors: (error: unknown, _request: unknown, reply: FastifyReply) => void fail(error, reply),
    // The types of servers with and without TLS differ, and nothing here depends on it.
  } as object) as FastifyInstance;
  server.server.maxConnections = limits.connections;
  const access = createAccess({
    token: options.token,
    tokenOnLoopback: config.token_on_loopback,
    secure: options.tls !== null,
    clock: station.clock,
  });
  const gate = createGate(limits.requests, { name: 'requests with photos', setting: 'http.limits.requests' });
  const streams = createGate(limits.streams, { name: 'streams of events', setting: 'http.limits.streams' });
  const prometheus = createPrometheus(station);
  server.addHook('onClose', () => prometheus.close());
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url;
    if (route !== undefined) prometheus.answered(route, reply.statusCode, reply.elapsedTime / 1000);
  });

  server.decorateRequest('standing', null);
  server.setErrorHandler((error, _request, reply) => fail(error, reply));
  server.setNotFoundHandler((request) => {
    const allowed = methodsAt(pathOf(request));
    if (allowed.length > 0) {
      throw new HttpProblem('method_not_allowed', `${request.method} does not go with ${pathOf(request)}`, {
        headers: { allow: allowed.join(', ') },
      });
    }
    throw new HttpProblem('not_found', `there is nothing at ${request.method} ${pathOf(request)}`, {
      remedy: 'All addresses are listed at /docs.',
    });
  });
  server.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
  });
  if (limits.requests_per_min > 0) {
    await server.register(rateLimit, {
      max: limits.requests_per_min,
      timeWindow: 60_000,
      errorResponseBuilder: (_request, { max, ttl }) =>
        new HttpProblem('rate_limited', `more than ${max} requests in a minute`, {
          remedy: `Try again in ${Math.ceil(ttl / 1000)} s; http.limits.requests_per_min is the number.`,
        }),
    });
  }
  await server.register(multipart, { throwFileSizeLimit: true });
  for (const route of routes) serve(route);
  await server.register(pagesPlugin);
  await server.register(readerPlugin);
  return server;

  function serve(route: Route): void {
    server.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      onRequest: (request, _reply, done) => {
        if (route.open !== true) request.standing = access.check(askerOf(request));
        done();
      },
      handler: async (request, reply) => {
        const leave = (route.heavy === true ? gate : route.lasting === true ? streams : null)?.enter();
        const gone = new AbortController();
        reply.raw.once('close', () => {
          leave?.();
          gone.abort();
        });
        return await send(reply, await answer(route, request, gone.signal));
      },
    });
  }

  async function answer(route: Route, request: FastifyRequest, signal: AbortSignal): Promise<Answer> {
    const { params, query } = request;
    const body =
      route.body !== undefined && isForm(route.body)
        ? await readForm(request, route.body, limits.photo_mb * 2 ** 20)
        : route.body === undefined
          ? undefined
          : request.body;
    const input = {
      params: checked(route.params, params, 'the address'),
      query: checked(route.query, query, 'the query'),
      body: checked(route.body, body, 'the body'),
    };
    return await route.handle(input, {
      station,
      prometheus,
      access,
      standing: request.standing,
      analyse: (job) => gate.inTurn(() => station.vision.analyse(job), signal),
      signal,
      headers: request.headers,
    });
  }

  function fail(error: unknown, reply: FastifyReply): FastifyReply {
    const known = problemOf(error);
    if (known === null) log.error({ err: error }, 'a request failed');
    const problem = known ?? new HttpProblem('internal', 'the station failed; its log has more');
    return reply
      .code(statusOf(problem.code))
      .headers(problem.headers)
      .header('cache-control', 'no-store')
      .type('application/problem+json')
      .send(JSON.stringify(problemDocument(problem)));
  }
}

/** Routes check what comes with zod. Without compilers of its own, fastify does not load those that it brings along. */
function notUsed(): never {
  throw new Error('a route of the server has a schema for fastify; its input is checked with zod');
}

function askerOf(request: FastifyRequest): Asker {
  const { socket, method, headers } = request;
  return { peer: socket.remoteAddress ?? '', local: socket.localAddress ?? '', method, headers };
}

/** The methods of the routes at a path. */
function methodsAt(path: string): string[] {
  return routes.flatMap((route) => {
    const pattern = new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    return pattern.test(path) ? [route.method] : [];
  });
}

/** Without the query, in which a person may have put what is nobody's business. */
function pathOf(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 100);
}

async function send(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  void reply.header('cache-control', 'no-store');
  if (answer.kind === 'events') {
    // A proxy must hand each event on as it comes.
    return await reply.header('x-accel-buffering', 'no').type('text/event-stream').send(answer.stream);
  }
  if (answer.kind === 'bytes') return await reply.type(answer.type).send(answer.body);
  return await reply
    .code(answer.status)
    .headers(answer.headers ?? {})
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer.body));
}
