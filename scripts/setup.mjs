// Makes a clone ready to run: installs the packages, compiles, builds the models. Each step is skipped when its
// result is already there, so that a second `npm start` is ready in a moment. Uses nothing but Node and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, '.setup');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Muster needs Node 20.19 or newer; this is ${process.version}. Install Node 24 LTS and try again.`);
}

step(
  'packages',
  [...digest('package.json', 'package-lock.json'), process.platform, process.arch],
  'node_modules',
  () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
);
step(
  'build',
  digest(
    'src',
    'demo',
    'bench',
    'dashboards',
    'wasm',
    'scripts/bundle.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ),
  ['dist/src', 'dist/program/main.js'],
  () => {
    compile('tsconfig.build.json');
    compile('src/pages/browser');
    run(process.execPath, ['scripts/bundle.mjs']);
  },
);
step('models', digest('models/manifest.json'), modelFiles(), () =>
  run(process.execPath, ['bin/muster.js', 'models', 'build']),
);

/** Runs `work` unless the step's inputs are those of its last success and its results are still there. */
function step(name, inputs, results, work) {
  const stamp = join(stamps, name);
  const key = createHash('sha256').update(inputs.join('\n')).digest('hex');
  const present = [results].flat().every((path) => existsSync(join(root, path)));
  if (present && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  const started = Date.now();
  process.stderr.write(`setup: ${name} …\n`);
  work();
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, key);
  process.stderr.write(`setup: ${name} ready (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
}

/** One line per file below the paths: its name and the hash of its content. */
function digest(...paths) {
  return paths.flatMap((path) => {
    const full = join(root, path);
    if (!existsSync(full)) return [`${path} missing`];
    const files = path.includes('.')
      ? [path]
      : readdirSync(full, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
          .toSorted();
    return files.map(
      (file) =>
        `${file} ${createHash('sha256')
          .update(readFileSync(join(root, file)))
          .digest('hex')}`,
    );
  });
}

function compile(project) {
  run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project]);
}

function modelFiles() {
  const manifest = JSON.parse(readFileSync(join(root, 'models/manifest.json'), 'utf8'));
  return Object.values(manifest.models)
    .filter((model) => model.pack === 'edge')
    .map((model) => join('models', model.file));
}

function run(command, args) {
  // onnxruntime-node would download CUDA libraries of 300 MB; newer npm versions read the same from package.json (allowScripts).
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (error) fail(`could not start ${command}: ${error.message}`);
  if (status !== 0) fail(`'${command} ${args.join(' ')}' failed with status ${status}; its reason is above.`);
}

function fail(message) {
  process.stderr.write(`setup: ${message}\n`);
  process.exit(1);
}
