import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BoardFiles } from '../../src/board/contract.ts';
import { temporaryFolder } from './tools.ts';

/** Files as another machine's kernel shows them, by their paths there; `write` changes one. */
export async function fileTree(
  files: Readonly<Record<string, string>>,
): Promise<BoardFiles & { readonly write: (path: string, text: string) => Promise<void> }> {
  const root = await temporaryFolder();
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return {
    write,
    text: (path) => readFile(join(root, path), 'utf8').catch(() => null),
    list: (path) => readdir(join(root, path)).catch(() => []),
  };
}
