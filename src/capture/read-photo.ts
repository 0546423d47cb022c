import { webcrypto } from 'node:crypto';
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

/** In the thread pool: a large photo would hold up the main thread. */
export async function sha256(photo: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', photo)).toString('hex');
}
