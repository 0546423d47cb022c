import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

export interface FaultProxy {
  readonly port: number;
  /** Ends every connection at once. */
  cut(): void;
  /** Lets a part of what comes next through, cut within it, and ends the connections. */
  cutWithinMessage(): void;
  /** Bytes per second in each direction; null for as fast as it goes. */
  throttle(bytesPerSecond: number | null): void;
  /** The network behind it is gone: what is sent is swallowed. A connection that lost something stays dead, also when that is over. */
  swallow(on: boolean): void;
  /** Takes no new connections and ends those that are, or no longer does. */
  refuse(on: boolean): void;
}

const slice = 1_024;

/** A proxy on loopback in front of `port`, which passes everything through until it is told to do harm. */
export async function startProxy(port: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let rate: number | null = null;
  let swallowing = false;
  let refusing = false;
  let cutting = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((socket) => {
    if (refusing) {
      socket.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      void pass(from, to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    cut();
    server.close();
  });

  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutWithinMessage: () => (cutting = true),
    throttle: (bytesPerSecond) => (rate = bytesPerSecond),
    swallow: (on) => (swallowing = on),
    refuse(on) {
      refusing = on;
      if (on) cut();
    },
  };

  async function pass(from: Socket, to: Socket): Promise<void> {
    try {
      let dead = false;
      for await (const chunk of from as AsyncIterable<Buffer>) {
        dead ||= swallowing;
        if (dead) continue;
        if (cutting) {
          cutting = false;
          to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)));
          await sleep(20);
          cut();
          return;
        }
        for (let at = 0; at < chunk.length;) {
          const wait = rate === null ? 0 : (1000 * slice) / rate;
          const end = rate === null ? chunk.length : at + slice;
          if (!to.write(chunk.subarray(at, end))) await once(to, 'drain');
          at = end;
          if (wait > 0) await sleep(wait);
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  }
}
