import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { configArtefacts } from './config/artefacts.ts';
import { codeOf } from './lib/errors.ts';
import { packageRoot } from './lib/package.ts';
import { payloadArtefacts } from './payloads.ts';

/**
 * Writes the project's generated files: `node dist/src/generate.js`. With `--check` it writes nothing,
 * names the files that are stale, and ends with 1 when there are any.
 */

const checkOnly = process.argv.includes('--check');

for (const artefact of [...configArtefacts, ...payloadArtefacts]) {
  const { path } = artefact;
  const file = join(packageRoot, path);
  const wanted = artefact.text();
  if ((await textOf(file)) === wanted) continue;
  if (checkOnly) {
    process.stderr.write(`${path} is stale: run \`npm run generate\`\n`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
    process.stdout.write(`${path} written\n`);
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
