import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { create, Parser, type ReadEntry } from 'tar';
import { MusterError } from '../lib/errors.ts';

/** One file of an archive. */
export interface ArchiveEntry {
  /** As the archive says it: to be compared, never to be used as a path. */
  readonly path: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Longer names than those of a backup need no room. */
const mostMetaBytes = 4096;
const blockBytes = 512;
/** Where POSIX.1-1988 puts the word by which a tar file is known. */
const magicAt = 257;

/** Writes files of a folder as a tar file, in the given order, without a trace of who wrote them. The one door to tar. */
export async function writeArchive(folder: string, names: readonly string[], file: string): Promise<void> {
  await create({ cwd: folder, file, portable: true, strict: true, mode: 0o600 }, [...names]);
}

/**
 * Reads a tar file, an entry at a time; `take` must read the entry's content to its end or throw, which ends everything. Throws
 * MusterError `backup_damaged` for what is no tar file, is cut or damaged, is compressed, or holds anything but plain files.
 */
export async function readArchive(file: string, take: (entry: ArchiveEntry) => Promise<void>): Promise<void> {
  await expectTar(file);
  const ending = new AbortController();
  let taking: Promise<void> = Promise.resolve();
  const parser = new Parser({ strict: true, maxMetaEntrySize: mostMetaBytes });
  parser.on('entry', (entry: ReadEntry) => {
    // The next entry comes only after this one was read to its end.
    taking = taking.then(() => takeFile(entry)).catch((error: unknown) => ending.abort(error));
  });
  // The library counts other types among what is only to be passed over.
  parser.on('ignoredEntry', ({ path }: ReadEntry) =>
    ending.abort(damaged(`${shown(path)} is no plain file`)),
  );
  try {
    await pipeline(createReadStream(file), parser as unknown as NodeJS.WritableStream, {
      signal: ending.signal,
    });
    await taking;
  } catch (error) {
    if (ending.signal.aborted) throw ending.signal.reason;
    throw damaged((error as Error).message, error);
  }
  ending.signal.throwIfAborted();

  async function takeFile(entry: ReadEntry): Promise<void> {
    if (entry.type !== 'File') throw damaged(`${shown(entry.path)} is a ${entry.type}, no plain file`);
    await take({ path: entry.path, bytes: entry.size, content: entry });
  }
}

export function damaged(reason: string, cause?: unknown): MusterError {
  return new MusterError('backup_damaged', `the file is no backup of Muster, or is damaged: ${reason}`, {
    remedy: 'Take another backup. Nothing was changed.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A name from an archive, as a message may show it. */
export function shown(path: string): string {
  return JSON.stringify(path.slice(0, 100));
}

/** The library would unpack compressed files without a word. */
async function expectTar(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, 0);
    const isTar = buffer.subarray(magicAt, magicAt + 5).toString('latin1') === 'ustar';
    // An archive begins with the name of its first file, in letters.
    if (bytesRead < blockBytes || !isTar || buffer[0]! < 0x20 || buffer[0]! > 0x7e)
      throw damaged('it is no tar file');
  } finally {
    await file.close();
  }
}
