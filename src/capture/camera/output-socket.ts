import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A connection inside of this machine. */
export interface OutputSocket {
  /** For a program, as its standard output. To be destroyed here once the program has it. */
  readonly theirs: Socket;
  /** Resolves when the program and those that it has started have closed theirs, and all was handed on; and when this is closed. */
  readonly read: Promise<void>;
  close(): void;
}

/** More than a camera's program writes at once. */
const pieceBytes = 64 * 1024;

/**
 * Connects two sockets, so that one buffer is used over and over for all that comes: Node gives the pipes of its own to a program, and makes
 * a buffer for each piece, which costs more than all else that is done with a camera's bytes while nobody is there.
 *
 * Rejects where no socket can be made in the folder for temporary files.
 *
 * @param onOutput gets each piece, whose memory is used again as soon as it returns
 */
export async function openOutputSocket(onOutput: (piece: Uint8Array) => void): Promise<OutputSocket> {
  // Nobody else can go into it.
  const folder = await mkdtemp(join(tmpdir(), 'muster-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, 'output');
    server.listen(path);
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const ours = connect({
      path,
      onread: {
        buffer: Buffer.allocUnsafeSlow(pieceBytes),
        callback(bytes, buffer) {
          onOutput(buffer.subarray(0, bytes));
          return true;
        },
      },
    });
    const [[theirs]] = await Promise.all([accepted, once(ours, 'connect')]);
    for (const end of [theirs, ours]) end.on('error', () => undefined);
    const read = new Promise<void>((resolve) => {
      ours.once('close', () => resolve());
    });
    // So that its end is heard of.
    ours.resume();
    return {
      theirs,
      read,
      close() {
        theirs.destroy();
        ours.destroy();
      },
    };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
