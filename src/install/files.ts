import {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../lib/errors.ts';
import type { Step } from './contract.ts';
import type { Places } from './places.ts';

/** By number, as they are in the system that is set up. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Kept {
  readonly mode: number;
  /** Known only when the user has been made, which a step before does. */
  readonly owner?: () => Promise<Owner>;
}

/** A file with this content; one that has another is replaced, or kept with `keep`. */
export function fileStep(
  places: Places,
  path: string,
  content: string,
  { mode, owner, keep = false }: Kept & { readonly keep?: boolean },
): Step {
  const file = places.at(path);
  return {
    what: path,
    async needed() {
      const there = await readFile(file, 'utf8').catch(absent);
      if (there === null) return 'write';
      if (!keep && there !== content) return 'replace';
      return keep ? null : await modeNeeded(file, mode);
    },
    async apply() {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      await set(file, mode, owner);
    },
  };
}

export function folderStep(places: Places, path: string, { mode, owner }: Kept): Step {
  const folder = places.at(path);
  return {
    what: path,
    async needed() {
      if ((await stat(folder).catch(absent)) === null) return 'make';
      return modeNeeded(folder, mode);
    },
    async apply() {
      await mkdir(folder, { recursive: true });
      await set(folder, mode, owner);
    },
  };
}

export function linkStep(places: Places, path: string, target: string): Step {
  const link = places.at(path);
  return {
    what: path,
    needed: async () => ((await readlink(link).catch(absent)) === target ? null : 'link'),
    async apply() {
      await mkdir(dirname(link), { recursive: true });
      await rm(link, { force: true });
      await symlink(target, link);
    },
  };
}

/** A file, link or folder with all that is in it that is to be gone. */
export function goneStep(places: Places, path: string): Step {
  const file = places.at(path);
  return {
    what: path,
    needed: async () => ((await lstat(file).catch(absent)) === null ? null : 'remove'),
    apply: () => rm(file, { recursive: true, force: true }),
  };
}

async function modeNeeded(path: string, mode: number): Promise<string | null> {
  return ((await stat(path)).mode & 0o7777) === mode ? null : `set mode ${mode.toString(8)}`;
}

async function set(path: string, mode: number, owner?: () => Promise<Owner>): Promise<void> {
  await chmod(path, mode);
  if (owner === undefined) return;
  const { uid, gid } = await owner();
  await chown(path, uid, gid);
}

function absent(error: unknown): null {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EINVAL') return null;
  throw error;
}
