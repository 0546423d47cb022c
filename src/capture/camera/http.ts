import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, MusterError } from '../../lib/errors.ts';
import type { EpochMs } from '../../lib/clock.ts';
import type { PlayCamera } from './contract.ts';
import { authorise } from './digest.ts';
import { cameraEnded, safeUrl } from './explain.ts';
import { createJpegSplitter } from './split.ts';

export interface HttpOptions {
  /** Read at each start; http or https, user and password in it are sent as the server asks for them. */
  readonly url: () => Promise<string>;
  readonly fps: number;
  readonly maxBytes: number;
  /** Longest time to the answer, and for a snapshot to its end, ms. */
  readonly timeoutMs: number;
}

/** A camera that gives one picture for each request. */
export function playSnapshots({ url, fps, maxBytes, timeoutMs }: HttpOptions): PlayCamera {
  return async (onFrame, signal) => {
    const address = await url();
    while (!signal.aborted) {
      const next = sleep(1000 / fps, undefined, { signal }).catch(() => undefined);
      let frames = 0;
      const splitter = createJpegSplitter({
        maxBytes,
        onFrame(jpeg) {
          frames += 1;
          return onFrame(jpeg, null);
        },
      });
      await get(address, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), async (body) => {
        let length = 0;
        for await (const chunk of body) {
          length += chunk.length;
          if (length > maxBytes) throw ended(address, `it sends more than ${maxBytes} bytes for one picture`);
          splitter.push(chunk);
        }
      });
      if (frames === 0 && !signal.aborted) throw ended(address, 'what it sends is no JPEG');
      await next;
    }
  };
}

/** A camera that sends MJPEG as one answer without an end (multipart/x-mixed-replace). */
export function playHttpMjpeg({ url, maxBytes, timeoutMs }: HttpOptions): PlayCamera {
  return async (onFrame, signal) => {
    const address = await url();
    const splitter = createJpegSplitter({
      maxBytes,
      onFrame: (jpeg, before) => onFrame(jpeg, timestampIn(before.toString('latin1'))),
    });
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(), timeoutMs);
    try {
      await get(address, AbortSignal.any([signal, slow.signal]), async (body) => {
        clearTimeout(timer);
        for await (const chunk of body) splitter.push(chunk);
      });
    } finally {
      clearTimeout(timer);
    }
    if (!signal.aborted) throw ended(address, 'it ended the stream');
  };
}

/** The time of a part as mjpg-streamer and others write it, in seconds. */
function timestampIn(headers: string): EpochMs | null {
  const seconds = /x-timestamp:\s*(\d{9,10}(?:\.\d{1,9})?)/i.exec(headers)?.[1];
  return seconds === undefined ? null : Math.round(Number(seconds) * 1000);
}

/** One request; a redirect is not followed, since it may lead anywhere. Resolves also when the signal ends it. */
async function get(
  url: string,
  signal: AbortSignal,
  read: (body: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  try {
    const response = await authorise(url, (address, headers) =>
      fetch(address, { headers, signal, redirect: 'manual' }),
    );
    const { status, body } = response;
    if (status >= 300 && status < 400) {
      throw ended(url, `it redirects to another address (status ${status})`, 'Set the URL to that address.');
    }
    if (status !== 200 || body === null) {
      await body?.cancel();
      throw cameraEnded(nameOf(url), `${status} ${response.statusText}`, `it answers with status ${status}`);
    }
    await read(body);
  } catch (error) {
    if (error instanceof MusterError) throw error;
    if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
      throw ended(url, 'it does not answer in time');
    }
    const cause = error instanceof Error ? error.cause : undefined;
    throw cameraEnded(nameOf(url), reasons[codeOf(cause) ?? ''] ?? '', 'the connection broke off');
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ENOTFOUND: 'name or service not known',
  ETIMEDOUT: 'timed out',
  UND_ERR_CONNECT_TIMEOUT: 'timed out',
};

function ended(url: string, reason: string, remedy = 'Open the URL in a browser to see what it gives.') {
  return new MusterError('camera', `${nameOf(url)}: ${reason}`, { remedy });
}

function nameOf(url: string): string {
  return `the camera at ${safeUrl(url)}`;
}
