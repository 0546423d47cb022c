import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** What is read at once, bytes: hashed below a millisecond also on a processor without instructions for it. */
export const pieceLength = 128 * 1024;

/**
 * Reads an open file from `start` to before `end`, or to its end, without having it all in memory. A piece is valid until `use` returns. Rejects
 * as reading does.
 */
export async function readPieces(
  file: FileHandle,
  start: number,
  end: number,
  use: (piece: Uint8Array) => void,
): Promise<void> {
  const room = Buffer.allocUnsafe(Math.max(0, Math.min(pieceLength, end - start)));
  for (let at = start; at < end;) {
    const { bytesRead } = await file.read(room, 0, Math.min(room.length, end - at), at);
    if (bytesRead === 0) return;
    use(room.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** SHA-256 (lower-case hex) and size of a file. Rejects as opening and reading do. */
export async function hashFile(path: string): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path);
  try {
    await readPieces(file, 0, Infinity, (piece) => {
      hash.update(piece);
      size += piece.length;
    });
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), size };
}
