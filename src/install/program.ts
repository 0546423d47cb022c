import { cp, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { codeOf, MusterError } from '../lib/errors.ts';

/** The machine that the copy is for, by Node's names. Its C library is glibc. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

export interface CopyOptions {
  /** A folder that `npm run setup` has made ready. */
  readonly from: string;
  /** Where the packages are, `node_modules` below it; else the same. Those of another platform lie elsewhere. */
  readonly packages?: string;
  /** Is replaced. */
  readonly to: string;
  readonly platform: Platform;
}

const packageSchema = z.object({ files: z.array(z.string()) });
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })),
});

/**
 * Copies what runs of the program, and nothing else: the files that package.json names, the built models, and the
 * production packages without the native binaries of other platforms (of 288 MB that onnxruntime-node has, 25 are for one).
 *
 * Throws MusterError `not_set_up` where the folder is not ready.
 */
export async function copyProgram({ from, packages = from, to, platform }: CopyOptions): Promise<void> {
  const { files } = packageSchema.parse(JSON.parse(await readFile(join(from, 'package.json'), 'utf8')));
  const production = await productionPackages(packages);
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  try {
    for (const path of ['package.json', ...files]) {
      // Where it is a link, as the program's folder is to its newest build, what it leads to.
      await copy(await realpath(join(from, path)), join(to, path), (source) => !source.endsWith('.map'));
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw notSetUp(from, error);
    throw error;
  }
  await copy(join(from, 'models'), join(to, 'models'));
  for (const path of production) await mkdir(join(to, path), { recursive: true });
  await Promise.all(
    production.map(async (path) => {
      const folder = join(packages, path);
      // Packages inside this one have entries of their own.
      const nested = join(folder, 'node_modules');
      await copy(folder, join(to, path), (source) => source !== nested && runs(relative(packages, source)));
    }),
  );

  function runs(path: string): boolean {
    return !isForeign(path, platform) && !isForDevelopers(path);
  }
}

/** Types, source maps, manuals, C++ and tests of packages: half of all files. Licences stay. */
function isForDevelopers(path: string): boolean {
  const name = basename(path);
  if (/node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+[\\/](tests?|examples?|benchmarks?)$/.test(path)) return true;
  return /\.([cm]?ts|map|md|markdown|cc|h|gypi?)$/.test(name) && !/licen[cs]e|notice|copying/i.test(name);
}

/**
 * Whether a file or folder of node_modules is a native binary for another platform: `…/bin/napi-v6/<os>/<arch>`
 * (onnxruntime-node), `…/prebuilds/<os>-<arch>` and `*.musl.node` in it (classic-level). sharp has a package for each, of which
 * npm installs those that fit.
 */
export function isForeign(path: string, { os, arch }: Platform): boolean {
  const parts = path.split(sep);
  const native = parts.findIndex((part) => /^napi-v\d+$/.test(part));
  if (native >= 0 && parts[native - 1] === 'bin') {
    const [ofOs, ofArch] = parts.slice(native + 1);
    return (ofOs !== undefined && ofOs !== os) || (ofArch !== undefined && ofArch !== arch);
  }
  const prebuilds = parts.indexOf('prebuilds');
  const [folder, file] = prebuilds < 0 ? [] : parts.slice(prebuilds + 1);
  return (folder !== undefined && folder !== `${os}-${arch}`) || file?.endsWith('.musl.node') === true;
}

/** As npm has noted them beside what it installed: paths such as `node_modules/a/node_modules/b`. */
async function productionPackages(root: string): Promise<readonly string[]> {
  const file = join(root, 'node_modules', '.package-lock.json');
  try {
    const { packages } = lockSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return Object.entries(packages).flatMap(([path, { dev = false }]) => (dev ? [] : [path]));
  } catch (error) {
    throw notSetUp(root, error);
  }
}

async function copy(from: string, to: string, filter: (source: string) => boolean = () => true) {
  await cp(from, to, { recursive: true, filter });
}

function notSetUp(folder: string, cause: unknown): MusterError {
  return new MusterError('not_set_up', `${folder} has no program that could be copied: it is not set up`, {
    remedy: `Run \`npm run setup\` in ${folder} first, as the user that owns it.`,
    cause,
  });
}
