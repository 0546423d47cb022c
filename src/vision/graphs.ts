import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import type { VerifiedModel } from '../models/contract.ts';
import { sha256Of } from '../models/inspect.ts';
import { thisMachine } from './threads.ts';

/** Graphs that ONNX Runtime has optimised for this machine, so that the next start need not do it again. */
export interface GraphCache {
  /** The graph of a model as it was kept, or null where there is none that is whole. */
  find(model: VerifiedModel): Promise<Uint8Array | null>;
  /**
   * Has a graph written into a file by `make`, and keeps it. A folder that can't be written is no reason not to work: `make` is told to
   * do without a file then. Rejects only as `make` does.
   */
  keep<Made>(model: VerifiedModel, make: (file: string | null) => Promise<Made>): Promise<Made>;
  /** Forgets what is kept of a model, as it turned out to be none of use. Never rejects. */
  drop(model: VerifiedModel): Promise<void>;
}

/** Files that are kept: those of a few packs. Older ones, of other runtimes and models, go. */
const mostFiles = 16;

/** Without a folder: nothing is kept. */
export const noGraphs: GraphCache = {
  find: () => Promise.resolve(null),
  keep: (_model, make) => make(null),
  drop: () => Promise.resolve(),
};

/**
 * A folder of optimised graphs, in ONNX Runtime's own format, named `<key>-<SHA-256 of the file>.ort`. The key is made of all that a graph depends on: the model's
 * hash, the runtime's version, the processor and what it can do. A change of any of them finds nothing, and a damaged file does not fit its name.
 */
export function createGraphCache(dir: string, runtimeVersion: string): GraphCache {
  const machine = processor();
  const prefixOf = async ({ sha256 }: VerifiedModel) =>
    `${sha256Of([sha256, runtimeVersion, await machine].join('\n')).slice(0, 32)}-`;

  return {
    async find(model) {
      const prefix = await prefixOf(model);
      for (const name of await namesIn(dir)) {
        if (!name.startsWith(prefix) || !name.endsWith('.ort')) continue;
        const graph = await readFile(join(dir, name)).catch(() => null);
        if (graph !== null && name === nameOf(prefix, graph)) return graph;
        await rm(join(dir, name), { force: true }).catch(() => undefined);
      }
      return null;
    },

    async keep(model, make) {
      const prefix = await prefixOf(model);
      // Of this process's own, as several may start at once.
      const file = join(dir, `${prefix}${process.pid}.tmp`);
      const made = await mkdir(dir, { recursive: true })
        .then(() => make(file))
        .catch(() => make(null));
      try {
        await rename(file, join(dir, nameOf(prefix, await readFile(file))));
        await removeOldest(dir);
      } catch {
        await rm(file, { force: true }).catch(() => undefined);
      }
      return made;
    },

    async drop(model) {
      const prefix = await prefixOf(model);
      const kept = (await namesIn(dir)).filter((name) => name.startsWith(prefix));
      await Promise.all(kept.map((name) => rm(join(dir, name), { force: true }).catch(() => undefined)));
    },
  };
}

/** The processor's name and, where Linux tells them, its instruction sets: a virtual machine may hide some. */
async function processor(): Promise<string> {
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const [sets = ''] = /^(flags|Features)\b.*$/m.exec(info) ?? [];
  return [thisMachine().cpu, arch(), sets].join('\n');
}

function nameOf(prefix: string, graph: Uint8Array): string {
  return `${prefix}${sha256Of(graph)}.ort`;
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}

async function removeOldest(dir: string): Promise<void> {
  const files = await Promise.all(
    (await namesIn(dir)).map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })),
  );
  const old = files.toSorted((a, b) => b.at - a.at).slice(mostFiles);
  await Promise.all(old.map(({ name }) => rm(join(dir, name), { force: true })));
}
