import { createHash } from 'node:crypto';
import {
  access,
  copyFile,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Step } from './contract.ts';
import type { Places } from './places.ts';
import { copyProgram, type Platform } from './program.ts';

/** What a unit with ProtectHome and PrivateTmp can't see. */
const hidden = /^\/(home|root|tmp|var\/tmp|run\/user)\//;
const stampFile = '.installed';

export interface Runtime {
  /** Node's path in the units. */
  readonly node: string;
  /** A Node that has to be copied beside the program; null where it may stay. */
  readonly nodeToCopy: string | null;
}

/** Node where it is, unless it belongs to somebody's home (nvm and the like) or the system has none there: then it is copied. */
export async function chooseRuntime(places: Places, execPath: string): Promise<Runtime> {
  const node = await realpath(execPath);
  const missing = await access(places.at(node)).then(
    () => false,
    () => true,
  );
  return hidden.test(node) || missing
    ? { node: `${places.program}/bin/node`, nodeToCopy: node }
    : { node, nodeToCopy: null };
}

/** The program in its place, swapped as a whole: what runs keeps the files that it has open. */
export function programStep(places: Places, from: string, platform: Platform, runtime: Runtime): Step {
  const to = places.at(places.program);
  let digest: string | undefined;
  const wanted = async () => (digest ??= await digestOf(from, runtime));
  return {
    what: places.program,
    async needed() {
      // The installed program itself was called.
      if (from === to) return null;
      const there = await readFile(join(to, stampFile), 'utf8').catch(() => null);
      if (there === (await wanted())) return null;
      return there === null ? 'copy' : 'replace';
    },
    async apply() {
      const [next, previous] = [`${to}.new`, `${to}.old`];
      await mkdir(dirname(to), { recursive: true });
      await copyProgram({ from, to: next, platform });
      if (runtime.nodeToCopy !== null) await copyFile(runtime.nodeToCopy, join(next, 'bin', 'node'));
      await writeFile(join(next, stampFile), await wanted());
      await rm(previous, { recursive: true, force: true });
      await rename(to, previous).catch(() => undefined);
      await rename(next, to);
      await rm(previous, { recursive: true, force: true });
    },
  };
}

/** Of what tells one build from another: the compiled program, the packages' versions, the models, Node. */
async function digestOf(from: string, { nodeToCopy }: Runtime): Promise<string> {
  const hash = createHash('sha256').update(`${process.version} ${nodeToCopy ?? ''}\n`);
  const folders = ['dist/program', 'dist/src/pages/browser'].map((path) => join(from, path));
  const compiled = await Promise.all(
    folders.map((path) => readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])),
  );
  const files = compiled
    .flat()
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const others = ['package.json', 'node_modules/.package-lock.json', 'models/manifest.json', 'bin/muster.js'];
  for (const file of [...others.map((path) => join(from, path)), ...files.toSorted()]) {
    hash.update(`${file.slice(from.length)}\n`).update(await readFile(file).catch(() => ''));
  }
  return hash.digest('hex');
}
