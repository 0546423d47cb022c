import { request, type Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What clients met in one turn. */
export interface Turn {
  readonly clients: number;
  readonly seconds: number;
  /** Of the requests that were answered 200, ms. */
  readonly latencies: readonly number[];
  /** Answers 503. */
  readonly refused: number;
  /** Anything else: a status, or a connection that failed. */
  readonly errors: readonly string[];
}

export interface LoadOptions {
  readonly url: string;
  readonly body: Buffer;
  readonly contentType: string;
  readonly clients: number;
  readonly seconds: number;
  readonly agent: Agent;
  /** 0..1. */
  readonly random: () => number;
}

/**
 * So many clients, each of which asks again as soon as it is answered, and waits where it is told to (503 and Retry-After), up to
 * a half longer, so that they don't come back all at once.
 */
export async function runClients({ clients, seconds, ...options }: LoadOptions): Promise<Turn> {
  const latencies: number[] = [];
  const errors: string[] = [];
  let refused = 0;
  const started = performance.now();
  const end = started + seconds * 1000;

  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        const began = performance.now();
        const { status, retryAfterS } = await post(options).catch((error: Error) => ({
          status: error.message,
          retryAfterS: 1,
        }));
        if (status === 200) {
          latencies.push(performance.now() - began);
        } else {
          if (status === 503) refused += 1;
          else errors.push(String(status));
          const pause = retryAfterS * 1000 * (1 + options.random() / 2);
          await sleep(Math.min(pause, Math.max(0, end - performance.now())));
        }
      }
    }),
  );
  return { clients, seconds: (performance.now() - started) / 1000, latencies, refused, errors };
}

function post({ url, body, contentType, agent }: Omit<LoadOptions, 'clients' | 'seconds'>) {
  return new Promise<{ status: number | string; retryAfterS: number }>((resolve, reject) => {
    const sending = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': contentType, 'content-length': body.length },
    });
    sending.on('response', (response) => {
      response.resume().on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfterS: Number(response.headers['retry-after'] ?? 0),
        }),
      );
    });
    sending.on('error', reject).end(body);
  });
}

/** A form as a browser sends it. */
export function formOf(files: Readonly<Record<string, Buffer>>): { body: Buffer; contentType: string } {
  const boundary = 'muster-bench-7d1f0c';
  const parts = Object.entries(files).flatMap(([name, content]) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="${name}.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`,
    ),
    content,
    Buffer.from('\r\n'),
  ]);
  return {
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}
