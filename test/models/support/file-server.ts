import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface FileServer extends AsyncDisposable {
  /** Of the folder; ends with a slash. */
  readonly base: string;
  /** What was asked for: the range, or `all`. */
  readonly requests: readonly string[];
  /** Resolves when so many bytes of an answer have been sent. */
  reached(bytes: number): Promise<void>;
  /** What the server does next; may be changed at any time. */
  readonly behaviour: Behaviour;
}

interface Behaviour {
  files: Record<string, Uint8Array>;
  etag: string | null;
  ranges: boolean;
  /** The connection is cut after so many bytes of each answer, as many times. */
  cutAfter: number;
  cuts: number;
  /** Says nothing after so many bytes. */
  stallAfter: number | null;
  status: number | null;
  chunk: number;
  pauseMs: number;
  says: 'length' | 'nothing';
  /** Another length than the file's, bytes. */
  claims: number | null;
}

/** A server on the loopback that publishes files as a release page does, by way of a redirect, and misbehaves on demand. */
export async function startFileServer(change: Partial<Behaviour> = {}): Promise<FileServer> {
  const behaviour: Behaviour = {
    files: {},
    etag: '"one"',
    ranges: true,
    cutAfter: Infinity,
    cuts: 0,
    stallAfter: null,
    status: null,
    chunk: 65_536,
    pauseMs: 0,
    says: 'length',
    claims: null,
    ...change,
  };
  const requests: string[] = [];
  let mark: { bytes: number; resolve: () => void } | undefined;

  async function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url.startsWith('/release/')) {
      response.writeHead(302, { location: url.replace('/release/', '/storage/') }).end();
      return;
    }
    requests.push(headers.range ?? 'all');
    const file = behaviour.files[url.replace('/storage/', '')];
    if (behaviour.status !== null || !file) {
      response.writeHead(behaviour.status ?? 404).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const same = behaviour.etag !== null && headers['if-range'] === behaviour.etag;
    const from = behaviour.ranges && same ? start : 0;
    if (from > 0 && from >= file.length) {
      response.writeHead(416).end();
      return;
    }
    response.writeHead(from > 0 ? 206 : 200, {
      ...(behaviour.etag === null ? {} : { etag: behaviour.etag }),
      ...(behaviour.says === 'length' ? { 'content-length': behaviour.claims ?? file.length - from } : {}),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
    });
    let sent = 0;
    for (let at = from; at < file.length; at += behaviour.chunk) {
      const piece = file.subarray(at, at + behaviour.chunk);
      if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
      sent += piece.length;
      if (mark && sent >= mark.bytes) mark.resolve();
      if (sent >= behaviour.cutAfter && behaviour.cuts > 0) {
        behaviour.cuts--;
        // What was written shall arrive before the cut.
        await sleep(50);
        response.destroy();
        return;
      }
      if (behaviour.stallAfter !== null && sent >= behaviour.stallAfter) {
        behaviour.stallAfter = null;
        return;
      }
      if (behaviour.pauseMs > 0) await sleep(behaviour.pauseMs);
    }
    response.end();
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    base: `http://127.0.0.1:${address.port}/release/`,
    requests,
    behaviour,
    reached: (bytes) =>
      new Promise((resolve) => {
        mark = { bytes, resolve };
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
