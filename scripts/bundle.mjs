// Makes the program that runs of its sources and packages: a few dozen files in dist/program instead of a thousand, since a start spends
// most of its time on finding, reading and linking modules. A verb, and whatever else is imported when it is needed, has files of its own.
// Each build has a folder of its own, dist/program-<hash>, and dist/program is a link to the newest: a program that runs goes on with the
// files that it was started with, also with those that it has not loaded yet. The builds before the newest go after a while.
//   node scripts/bundle.mjs [folder]
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const to = process.argv[2] ?? join(root, 'dist', 'program');
const made = `${to}.new`;
/** The newest and those before it of which a process may still run. */
const keptBuilds = 3;

/** Packages that stay where npm puts them. */
const external = [
  // It finds its pages beside itself.
  '@fastify/swagger-ui',
  // Only `muster models` needs them, and they are as large as all others together.
  'pacote',
  'make-fetch-happen',
];

/**
 * Packages that find their native binaries beside themselves: their code is in the bundle, some hundred files less to read in a start,
 * and looks for the binaries from where npm has put the package. What is written in a file, and what becomes of it.
 */
const from = (name) => `createRequire(createRequire(import.meta.url).resolve('${name}'))`;
const beside = {
  'sharp/dist/sharp.mjs': ['createRequire(import.meta.url)', from('sharp')],
  'sharp/dist/utility.mjs': ['createRequire(import.meta.url)', from('sharp')],
  'onnxruntime-node/dist/binding.js': [
    'require(`../bin/',
    "require('node:module').createRequire(require.resolve('onnxruntime-node'))(`../bin/",
  ],
  'classic-level/binding.js': [
    '(__dirname)',
    "(require('node:path').dirname(require.resolve('classic-level')))",
  ],
};

/** Makes those of `beside` so. A package that was written anew ends the build, not a station. */
const findBinaries = {
  name: 'find-binaries',
  transform(code, id) {
    const [, file] = /node_modules\/((?:sharp|onnxruntime-node|classic-level)\/.*)$/.exec(id) ?? [];
    const change = beside[file];
    if (change === undefined) return null;
    if (code.split(change[0]).length !== 2)
      throw new Error(`${file} no longer has \`${change[0]}\` once: see scripts/bundle.mjs`);
    return code.replace(change[0], () => change[1]);
  },
};

/** One other character, and V8 keeps all of a file's source in two bytes each for as long as it runs: a single ellipsis in fastify is a megabyte. */
const ascii = /^[\0-\x7f]*$/;
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

mkdirSync(dirname(to), { recursive: true });
rmSync(made, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: { main: 'src/main.ts', 'vision-worker': 'src/vision/worker.ts' },
  platform: 'node',
  plugins: [findBinaries],
  external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
  onLog(level, log, handle) {
    // What the packages do in their own files is theirs.
    if (!/node_modules/.test(`${log.id} ${log.message}`)) handle(level, log);
  },
});
await bundle.write({
  dir: made,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Names and lines stay, and a comment where each module begins, so that the stack of a bug can be read.
  minify: false,
  comments: { legal: true, annotation: false, jsdoc: false },
  // `node --enable-source-maps` reads them.
  sourcemap: true,
  sourcemapExcludeSources: true,
});
await bundle.close();
for (const name of readdirSync(made)) {
  if (!name.endsWith('.js')) continue;
  const code = readFileSync(join(made, name), 'utf8');
  if (!ascii.test(code)) writeFileSync(join(made, name), code.replace(/[^\0-\x7f]/g, escaped));
}
const build = `${to}-${hashOf(made)}`;
if (existsSync(build)) rmSync(made, { recursive: true });
else renameSync(made, build);
// The newest by its time, also when it was made before.
utimesSync(build, new Date(), new Date());
link();
for (const old of builds().slice(keptBuilds)) rmSync(old, { recursive: true });

/** Of the names and contents of all files. */
function hashOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).toSorted())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

/** In one step: at no time is there no program. */
function link() {
  const next = `${to}.link`;
  rmSync(next, { force: true });
  symlinkSync(basename(build), next);
  // A folder, as builds of old were, can't be replaced by a link.
  if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory()) rmSync(to, { recursive: true });
  renameSync(next, to);
}

/** The folders of builds, the newest first. */
function builds() {
  const isBuild = new RegExp(`^${basename(to)}-[0-9a-f]{12}$`);
  return readdirSync(dirname(to))
    .filter((name) => isBuild.test(name))
    .map((name) => join(dirname(to), name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}
