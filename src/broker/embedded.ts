import { createServer } from 'node:net';
import { once } from 'node:events';
import type { Aedes } from 'aedes';
import { codeOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { brokerUrlAt } from './address.ts';

export interface EmbeddedBroker {
  /** Throws MusterError `broker_port` when the port can't be had. */
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
  const server = createServer((socket) => void aedes?.handle(socket));

  return {
    async start() {
      const broker = await import('aedes');
      aedes = await broker.Aedes.createBroker();
      server.listen(port, host);
      try {
        await once(server, 'listening');
      } catch (error) {
        aedes.close();
        aedes = undefined;
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
      log.info({ url: url() }, 'the embedded broker listens (MQTT 3.1.1)');
    },
    url,
    async close() {
      const broker = aedes;
      if (broker === undefined) return;
      const serverClosed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(resolve));
      await serverClosed;
    },
  };

  function url(): string {
    const address = server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    return brokerUrlAt(host, actual);
  }
}
