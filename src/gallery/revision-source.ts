import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/** The bytes of a revision file, wherever they are: a large gallery need not be in memory twice. */
export interface RevisionSource {
  readonly size: number;
  /**
   * Gives the bytes from `start` to before `end` to `use`, in order and in pieces that hold up no thread; a piece is valid until `use` returns.
   * Stops early where there are fewer. Rejects as reading does.
   */
  pieces(start: number, end: number, use: (piece: Uint8Array) => void): Promise<void>;
}

/** What is worked on before others have their turn, bytes: hashed below a millisecond also on a processor without instructions for it. */
const pieceLength = 128 * 1024;

export function sourceInMemory(bytes: Uint8Array): RevisionSource {
  return {
    size: bytes.length,
    async pieces(start, end, use) {
      for (let at = start; at < end; at += pieceLength) {
        if (at > start) await setImmediate();
        use(bytes.subarray(at, Math.min(end, at + pieceLength)));
      }
    },
  };
}

/** The bytes of an open file, which nobody changes. */
export async function sourceInFile(file: FileHandle): Promise<RevisionSource> {
  const { size } = await file.stat();
  const room = Buffer.allocUnsafe(Math.min(size, pieceLength));
  return {
    size,
    async pieces(start, end, use) {
      for (let at = start; at < end;) {
        const { bytesRead } = await file.read(room, 0, Math.min(room.length, end - at), at);
        if (bytesRead === 0) return;
        use(room.subarray(0, bytesRead));
        at += bytesRead;
      }
    },
  };
}

/** A copy of the bytes from `start` to before `end`; shorter where there are fewer. */
export async function bytesOf(source: RevisionSource, start: number, end: number): Promise<Buffer> {
  const into = Buffer.alloc(Math.max(0, Math.min(end, source.size) - start));
  return into.subarray(0, await copyOf(source, start, into));
}

/** Fills `into` with the bytes from `start` on, and returns how many there were. */
export async function copyOf(source: RevisionSource, start: number, into: Uint8Array): Promise<number> {
  let copied = 0;
  await source.pieces(start, start + into.length, (piece) => {
    into.set(piece, copied);
    copied += piece.length;
  });
  return copied;
}
