import { createHash, webcrypto } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open as openFile } from 'node:fs/promises';

/** The file's bytes, and its status while they were read. Follows no link and waits for no pipe. */
export async function readPhoto(
  path: string,
  maxBytes: number,
): Promise<{ photo: Uint8Array; stats: BigIntStats }> {
  const handle = await openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat({ bigint: true });
    const photo = new Uint8Array(Math.min(Number(stats.size), maxBytes));
    let length = 0;
    while (length < photo.length) {
      const { bytesRead } = await handle.read(photo, length, photo.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { photo: length === photo.length ? photo : photo.slice(0, length), stats };
  } finally {
    await handle.close();
  }
}

/** The hash of so many bytes takes less time than their copy and the way to the thread pool; no slow board holds its main thread up for 3 ms. */
const hashedAtOnce = 512 * 1024;

/** In the thread pool where it is large: it would hold up the main thread. */
export async function sha256(photo: Uint8Array): Promise<string> {
  if (photo.length <= hashedAtOnce) return createHash('sha256').update(photo).digest('hex');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', photo)).toString('hex');
}
