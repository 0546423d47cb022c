import { readFile } from 'node:fs/promises';
import type { Config } from '../config/schema.ts';
import { readSecret } from '../config/secret.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Credentials } from './connection.ts';

/**
 * Reads what the connection needs from the files that the config names. Throws MusterError `mqtt_file` or `secret_unreadable`
 * that names the setting and the file.
 */
export async function readCredentials(mqtt: Config['mqtt']): Promise<Credentials> {
  const [password, ca, cert, key] = await Promise.all([
    readSecret(mqtt, 'password'),
    read('ca_file', mqtt.ca_file),
    read('cert_file', mqtt.cert_file),
    read('key_file', mqtt.key_file),
  ]);
  return { password, ca, cert, key };
}

async function read(setting: string, file: string | null): Promise<string | null> {
  if (file === null) return null;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new MusterError('mqtt_file', `mqtt.${setting} can't be read: ${messageOf(error)}`, {
      remedy: `Check the path, and that the user that runs Muster may read the file.`,
      cause: error,
    });
  }
}
