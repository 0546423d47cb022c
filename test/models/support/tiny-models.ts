import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Manifest } from '../../../src/models/manifest.ts';
import { temporaryFolder, writeManifest, type Folder } from './folder.ts';
import { tinyPack } from './tiny.ts';

export interface TinyModels {
  /** Holds the manifest of a tiny pack, and nothing built. Gone when the test is over. */
  readonly modelsDir: string;
  readonly manifest: Manifest;
  /** The package with the pack's weights. */
  readonly tarball: string;
}

/** Hands each test of the file a models folder of its own, before the test's other hooks run. */
export function beforeEachWithTinyModels(use: (models: TinyModels) => void | Promise<void>): void {
  let shared: Folder;
  let pack: Awaited<ReturnType<typeof tinyPack>>;
  beforeAll(async () => {
    shared = await temporaryFolder();
    pack = await tinyPack(shared.path);
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  beforeEach(async () => {
    const folder = await temporaryFolder();
    await writeManifest(folder.path, pack.manifest);
    await use({ modelsDir: folder.path, manifest: pack.manifest, tarball: pack.file });
    return () => folder[Symbol.asyncDispose]();
  });
}
