import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** An empty folder that goes with the test. */
export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'muster-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Writes `manifest.json` of a folder of models. */
export async function writeManifest(folder: string, manifest: unknown): Promise<void> {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
}
