import { readFile, stat } from 'node:fs/promises';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

const maxBytes = 64 * 1024;

/**
 * A secret of a config section, taken from `<key>` or read from the file `<key>_file` names; null when neither is
 * set. The file is read at each call, so that a changed secret counts at its next use; one line feed at its end is
 * not part of it. With systemd credentials set the variable to `%d/<name>` in the unit.
 *
 * Throws MusterError `secret_unreadable`.
 */
export async function readSecret<K extends string>(
  section: { readonly [name in K | `${K}_file`]: string | null },
  key: K,
): Promise<string | null> {
  const value: string | null = section[key];
  const file: string | null = section[`${key}_file`];
  if (value !== null || file === null) return value;
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new Error(`it has ${size} bytes, and a secret at most ${maxBytes}`);
    const secret = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    if (secret === '') throw new Error('it is empty');
    return secret;
  } catch (cause) {
    const reason = codeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    throw new MusterError('secret_unreadable', `${key}_file: ${file} can't be used: ${reason}`, {
      remedy: `Write the ${key} into that file, readable by the user that runs muster, or set ${key}_file to another.`,
      cause,
    });
  }
}
