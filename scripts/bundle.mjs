// Makes the program that runs of its sources and packages: a few dozen files in dist/program instead of a thousand, since a start spends
// most of its time on finding, reading and linking modules. A verb, and whatever else is imported when it is needed, has files of its own.
//   node scripts/bundle.mjs [folder]
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const to = process.argv[2] ?? join(root, 'dist', 'program');
const made = `${to}.new`;

/** Packages that stay where npm puts them. */
const external = [
  // They find their native binaries beside themselves.
  'onnxruntime-node',
  'sharp',
  'classic-level',
  // It finds its pages beside itself.
  '@fastify/swagger-ui',
  // Only `muster models` needs them, and they are as large as all others together.
  'pacote',
  'make-fetch-happen',
];

rmSync(made, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: { main: 'src/main.ts', 'vision-worker': 'src/vision/worker.ts' },
  platform: 'node',
  external: (id) => external.some((name) => id === name || id.startsWith(`${name}/`)),
  onLog(level, log, handle) {
    // What the packages do in their own files is theirs.
    if (!/node_modules/.test(`${log.id} ${log.message}`)) handle(level, log);
  },
});
await bundle.write({
  dir: made,
  format: 'esm',
  // The hash tells builds apart: a program that runs while it is replaced can't mix two of them.
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
mkdirSync(dirname(to), { recursive: true });
rmSync(to, { recursive: true, force: true });
renameSync(made, to);
