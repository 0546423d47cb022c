import { link, lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../lib/errors.ts';
import { fileKind } from './file-kind.ts';
import { restingMs } from './waiting.ts';

/**
 * Renames a photo whose name is not UTF-8, as old cameras and FTP programs write them, to the same name in UTF-8, taking it for
 * ISO 8859-1: such a file can't be watched. One that is still being written, or is not for the station, is left as it is.
 *
 * @param name the bytes of the name
 */
export async function giveReadableName(dir: string, name: Buffer, maxBytes: number): Promise<void> {
  const path = Buffer.concat([Buffer.from(`${dir}/`), name]);
  const readable = name.toString('latin1');
  try {
    const stats = await lstat(path);
    if (fileKind(readable, stats, maxBytes).kind === 'ignored' || Date.now() - stats.mtimeMs < restingMs)
      return;
    await link(path, join(dir, readable));
    await unlink(path);
  } catch (error) {
    // Gone, or the name is taken: then it waits until that file was put away.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  }
}
