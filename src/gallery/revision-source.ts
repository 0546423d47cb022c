import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { pieceLength, readPieces } from '../lib/file-pieces.ts';

/** The bytes of a revision file, wherever they are: a large gallery need not be in memory twice. */
export interface RevisionSource {
  readonly size: number;
  /**
   * Gives the bytes from `start` to before `end` to `use`, in order and in pieces that hold up no thread; a piece is valid until `use` returns.
   * Stops early where there are fewer. Rejects as reading does.
   */
  pieces(start: number, end: number, use: (piece: Uint8Array) => void): Promise<void>;
}

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
  return { size, pieces: (start, end, use) => readPieces(file, start, Math.min(end, size), use) };
}

/** SHA-256 of the bytes before `end`. */
export async function hashOf(source: RevisionSource, end: number): Promise<Buffer> {
  const hash = createHash('sha256');
  await source.pieces(0, end, (piece) => hash.update(piece));
  return hash.digest();
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
