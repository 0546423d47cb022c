import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from './tools.ts';

/** Writes down every file that the process loads: ES modules as they come, CommonJS modules at its end. */
const listener = `
  import { appendFileSync } from 'node:fs';
  import { createRequire, register } from 'node:module';
  const list = process.env.LOADED_FILES;
  register('data:text/javascript,' + encodeURIComponent(\`
    import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(process.env.LOADED_FILES, url.replace('file://', '') + '\\\\n');
      return await next(url, context);
    }\`));
  const { cache } = createRequire('file:///');
  process.on('exit', () => appendFileSync(list, Object.keys(cache).map((file) => file + '\\n').join('')));`;

const bundled = join(packageRoot, 'dist/program');

/** The environment of a process whose files are to be known, and what it has loaded, to be read when it has ended. */
export async function loadedFiles(): Promise<{
  env: Readonly<Record<string, string>>;
  /** Absolute paths; of a file of the bundle those of the sources and packages that it is made of. */
  read: () => Promise<readonly string[]>;
}> {
  const list = join(await temporaryFolder(), 'loaded-files');
  return {
    env: {
      LOADED_FILES: list,
      NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(listener)}"`,
    },
    async read() {
      const files = [...new Set((await readFile(list, 'utf8')).trim().split('\n'))];
      return (await Promise.all(files.map(sourcesOf))).flat();
    },
  };
}

async function sourcesOf(file: string): Promise<readonly string[]> {
  if (!file.startsWith(bundled)) return [file];
  // The bundler's own helpers come from no source.
  const map = await readFile(`${file}.map`, 'utf8').catch(() => '{"sources":[]}');
  const { sources } = JSON.parse(map) as { sources: readonly string[] };
  return sources.map((source) => join(bundled, source));
}
