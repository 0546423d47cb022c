import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Artefact } from './artefact.ts';
import { codeOf } from './errors.ts';
import { packageRoot } from './package.ts';

/**
 * Writes the generated files that are not as the code would make them, and says which. With `--check` among the
 * process's arguments it writes nothing, names the stale ones, and sets the exit status 1 when there are any.
 */
export async function keepArtefacts(artefacts: readonly Artefact[]): Promise<void> {
  const checkOnly = process.argv.includes('--check');
  for (const artefact of artefacts) {
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
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
