import { readFile, stat } from 'node:fs/promises';
import { codeOf, messageOf } from '../lib/errors.ts';
import type { Vision, VisionResult } from '../vision/contract.ts';

/** A file larger than this is no photo that a person took, bytes. */
const mostBytes = 128 * 2 ** 20;

export type PhotoResult =
  | VisionResult
  | { readonly ok: false; readonly failure: 'unreadable' | 'too_large'; readonly message: string };

/** Analyses a photo file. Never rejects for what may be wrong with the file. */
export async function analysePhoto(
  vision: Pick<Vision, 'analyse'>,
  path: string,
  job: { readonly embed?: boolean } = {},
): Promise<PhotoResult> {
  let photo: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > mostBytes) {
      const message = `the file has ${Math.round(size / 2 ** 20)} MiB; the limit is ${mostBytes / 2 ** 20}`;
      return { ok: false, failure: 'too_large', message };
    }
    photo = await readFile(path);
  } catch (error) {
    return { ok: false, failure: 'unreadable', message: reasonOf(error) };
  }
  return vision.analyse({ photo, ...job });
}

function reasonOf(error: unknown): string {
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'this user may not read the file',
    EISDIR: 'it is a folder',
  };
  return known[codeOf(error) ?? ''] ?? messageOf(error);
}
