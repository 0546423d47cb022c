import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';

/** How long the broker is there, and how long it is away, ms. */
const hereMs = 250;
const awayMs = 250;

/**
 * A broker that is away half of the time.
 *
 * @param onTaken is told of each payload before the broker acknowledges it
 */
export async function startFlakyBroker(
  onTaken: (topic: string, payload: string) => void,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly ended: Promise<void> }> {
  const aedes = await Aedes.createBroker({
    // Aedes acknowledges a message before it calls `published`: by then the station may have deleted the event.
    authorizePublish(client, packet, done) {
      if (client !== null) onTaken(packet.topic, packet.payload.toString());
      done();
    },
  });
  const sockets = new Set<Socket>();
  let away = false;
  const server = createServer((socket) => {
    if (away) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `mqtt://127.0.0.1:${port}`, ended: comeAndGo() };

  async function comeAndGo(): Promise<void> {
    while (!signal.aborted) {
      await sleep(away ? awayMs : hereMs);
      away = !away;
      if (away) for (const socket of sockets) socket.destroy();
    }
    away = false;
    server.close();
    aedes.close();
  }
}
