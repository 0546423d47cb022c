import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

/**
 * Reads a JSON file that Muster keeps beside the models; null where there is none. Throws a MusterError of `unusable`, whose `what` names what
 * the record is of.
 */
export async function readRecord<T>(
  path: string,
  schema: z.ZodType<T>,
  unusable: { readonly code: string; readonly what: string; readonly remedy: string },
): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    const { code, what, remedy } = unusable;
    throw new MusterError(code, `The record of the ${what}, ${path}, cannot be used: ${reason}`, {
      remedy,
      cause: error,
    });
  }
}
