import { Readable } from 'node:stream';
import type { HttpTarget } from './contract.ts';

/** A client that has not taken this much is too slow, or gone: it is cut, and comes again. */
const mostWaitingBytes = 256 * 1024;
/** A comment now and then keeps proxies from cutting a quiet stream, and tells that a client is gone, ms. */
const heartbeatMs = 15_000;
/** What a client waits before it connects again, ms. */
const retryMs = 2_000;

/**
 * Server-sent events (WHATWG HTML, 9.2) named `checkin`, `state`, `alert`, `metrics`, `health`, `info` and `log`. A check-in
 * carries its `seq` as the id of the event: who comes again with it gets those missed, as far as they are known.
 *
 * @param after of the last check-in that the client has; null for none of the past
 */
export function eventStream({ feed, log }: Pick<HttpTarget, 'feed' | 'log'>, after: number | null): Readable {
  const stream = new Readable({ highWaterMark: mostWaitingBytes, read: () => undefined, destroy: end });
  const stops: (() => void)[] = [];
  const send = (text: string) => {
    if (!stream.push(text) && stream.readableLength > mostWaitingBytes) stream.destroy();
  };
  const tell = (name: string, payload: object, id?: number) =>
    send(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`);

  send(`retry: ${retryMs}\n\n`);
  tell('state', feed.state());
  if (after !== null)
    for (const event of feed.recent(500, after).toReversed()) tell('checkin', event, event.seq);
  stops.push(
    feed.onNews(({ kind, payload }) => tell(kind, payload, kind === 'checkin' ? payload.seq : undefined)),
  );
  if (log !== null) stops.push(log.onLine((line) => tell('log', line)));
  const heartbeat = setInterval(() => send(': alive\n\n'), heartbeatMs);
  stops.push(() => clearInterval(heartbeat));
  return stream;

  function end(error: Error | null, done: (error: Error | null) => void): void {
    for (const stop of stops) stop();
    done(error);
  }
}
