import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/lib/random.ts';
import { hostileRequest, type HostileRequest } from './hostile.ts';

export interface Assault {
  readonly requests: number;
  /** By status of the first answer, or `none` where there was none. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Answers that must not be: no HTTP, or the station's own failure. */
  readonly wrong: readonly string[];
}

/** What holds a connection is left after this, ms; the station's own limits are longer. */
const patienceMs = 4_000;
const atOnce = 24;

/** Sends so many hostile requests, some at once, and tells what was answered. It rejects where nobody listens any more. */
export async function assault(
  port: number,
  requests: number,
  onDone: () => void = () => undefined,
): Promise<Assault> {
  const random = seededRandom(7);
  const outcomes: Record<string, number> = {};
  const wrong: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < requests) {
        const request = hostileRequest(next++, random);
        const answer = await send(port, request);
        const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
        const outcome = status ?? (answer === '' ? 'none' : 'no HTTP');
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome === 'no HTTP' || outcome === '500')
          wrong.push(`${request.kind}: ${answer.slice(0, 400)}`);
        onDone();
      }
    }),
  );
  return { requests, outcomes, wrong };
}

/** The beginning of the answer. */
async function send(port: number, { chunks, ending, pauseMs }: HostileRequest): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  let refused = false;
  const over = new Promise<void>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') refused = true;
    });
    socket.on('close', () => resolve());
    socket.on('data', (data) => {
      answer = (answer + data.toString('latin1')).slice(0, 2000);
      if (ending !== 'hold') setTimeout(() => socket.destroy(), 20);
    });
  });
  const left = setTimeout(() => socket.destroy(), ending === 'hold' ? patienceMs / 2 : patienceMs);
  for (const chunk of chunks) {
    if (socket.destroyed) break;
    // One that is not taken is the station's right: it has answered already.
    if (!socket.write(chunk))
      await Promise.race([over, new Promise((resolve) => socket.once('drain', resolve))]);
    if (pauseMs > 0) await Promise.race([over, sleep(pauseMs)]);
  }
  if (ending === 'cut') socket.destroy();
  await over;
  clearTimeout(left);
  if (refused) throw new Error('nobody listens any more');
  return answer;
}
