import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Aedes } from 'aedes';
import { codeOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { brokerUrlAt } from './address.ts';

export interface EmbeddedBroker {
  /** Takes the port; whoever connects waits. Throws MusterError `broker_port` when it can't be had. */
  listen(): Promise<void>;
  /** Serves those who connect; listens first where it does not yet. Throws as `listen`. */
  start(): Promise<void>;
  /** Where it listens; known once started (port 0 takes any free port). */
  url(): string;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
}

/**
 * A small broker inside the process (MQTT 3.1.1 only), so that a station works alone, and the one door to aedes, which is loaded when it starts. It keeps
 * nothing on disk and asks for no password: it is meant for loopback.
 */
export function createEmbeddedBroker({ host, port, log }: EmbeddedOptions): EmbeddedBroker {
  let aedes: Aedes | undefined;
  /** Who came before the broker. */
  const early = new Set<Socket>();
  const server = createServer((socket) => {
    if (aedes !== undefined) {
      aedes.handle(socket);
    } else {
      early.add(socket);
      socket.once('error', () => {}).once('close', () => early.delete(socket));
    }
  });

  return {
    listen,
    async start() {
      await listen();
      const broker = await import('aedes');
      aedes = await broker.Aedes.createBroker();
      for (const socket of early) aedes.handle(socket);
      early.clear();
      log.info({ url: url() }, 'the embedded broker listens (MQTT 3.1.1)');
    },
    url,
    async close() {
      if (!server.listening) return;
      const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of early) socket.destroy();
      await new Promise<void>((resolve) => (aedes === undefined ? resolve() : aedes.close(resolve)));
      await serverClosed;
    },
  };

  async function listen(): Promise<void> {
    if (server.listening) return;
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      const inUse = codeOf(error) === 'EADDRINUSE';
      throw new MusterError(
        'broker_port',
        `the embedded broker can't listen on ${host}:${port}: ${inUse ? 'the port is in use' : (error as Error).message}`,
        {
          remedy: inUse
            ? `If a broker runs there, use it with MUSTER_MQTT__URL=mqtt://${host}:${port}; else choose another mqtt.embedded.port.`
            : 'Check mqtt.embedded.host and mqtt.embedded.port.',
          cause: error,
        },
      );
    }
  }

  function url(): string {
    const address = server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    return brokerUrlAt(host, actual);
  }
}
