import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../src/lib/package.ts';

/** What the service's unit sets for the memory of its process, such as MALLOC_ARENA_MAX: so what is measured is what is installed. */
export async function serviceMemory(): Promise<Readonly<Record<string, string>>> {
  const unit = await readFile(join(packageRoot, 'systemd/muster.service'), 'utf8');
  const lines = unit.matchAll(/^Environment="?(MALLOC_\w+|NODE_OPTIONS)=([^"\n]*)"?$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name!, value!]));
}
