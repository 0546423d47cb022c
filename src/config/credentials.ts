import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../lib/errors.ts';
import { configFields } from './fields.ts';
import type { Layer, Problem, Setting } from './layers.ts';
import { nearest } from './nearest.ts';

/** As systemd names the files of `LoadCredential=muster:<folder>`. Names without it are those of such a folder itself. */
const prefix = 'muster_';
const suffix = '_file';

/**
 * The settings that systemd hands over as credentials (systemd.exec(5)): each file of `$CREDENTIALS_DIRECTORY` is the value of a
 * field `…_file`, whose name it has without that ending, such as `mqtt.password`. Files of other names belong to somebody
 * else, unless they have the prefix of Muster.
 */
export async function readCredentials(env: Readonly<Record<string, string | undefined>>): Promise<Layer> {
  const settings = new Map<string, Setting>();
  const problems: Problem[] = [];
  const folder = env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined || folder === '') return { settings, problems };
  for (const entry of await entriesOf(folder, problems)) {
    const file = join(folder, entry);
    const origin = { kind: 'credential', file } as const;
    const name = entry.startsWith(prefix) ? entry.slice(prefix.length) : entry;
    const field = `${name}${suffix}`;
    if (configFields.has(field)) settings.set(field, { value: file, origin });
    else if (entry.startsWith(prefix)) problems.push({ name: '', origin, message: unknownCredential(name) });
  }
  return { settings, problems };
}

async function entriesOf(folder: string, problems: Problem[]): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    // The variable may have come from another service's shell.
    if (codeOf(error) === 'ENOENT') return [];
    const origin = { kind: 'credential', file: folder } as const;
    problems.push({ name: '', origin, message: `can't be read: ${codeOf(error) ?? 'unknown reason'}` });
    return [];
  }
}

function unknownCredential(name: string): string {
  const known = [...configFields.keys()].flatMap((field) =>
    field.endsWith(suffix) ? [field.slice(0, -suffix.length)] : [],
  );
  const meant = nearest(name, known);
  return meant === undefined
    ? `is not a known credential; there are ${known.join(', ')}`
    : `is not a known credential; did you mean ${meant}?`;
}
