import { open } from 'node:fs/promises';

/** A new name is on disk only when its folder is: resolves then. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
