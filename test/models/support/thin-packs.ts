import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addPack } from '../../../src/models/add.ts';
import { sha256Of } from '../../../src/models/inspect.ts';
import { defaultModelsDir } from '../../../src/lib/package.ts';
import { temporaryFolder } from '../../support/tools.ts';
import { inceptionFile, miniFasNetFile } from './state-dicts.ts';

/** A copy of the default models, without packs that this machine may have besides. */
export async function defaultModels(): Promise<string> {
  const modelsDir = await temporaryFolder();
  const filter = (path: string) => !/inception|minifasnet|added\.json/.test(path);
  await cp(defaultModelsDir, modelsDir, { recursive: true, filter });
  return modelsDir;
}

/**
 * A folder with the default models, a facenet pack and a PAD pack of thin nets of random numbers: the whole way of the real ones, by
 * `models add`, where those can't be had.
 */
export async function modelsWithThinPacks(): Promise<string> {
  const modelsDir = await defaultModels();
  const weights = [miniFasNetFile(1), miniFasNetFile(2)];
  const path = join(modelsDir, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as {
    models: Record<string, { weights: { path: string; sha256: string }; sha256: string | null }>;
  };
  for (const [i, name] of ['minifasnet-v2', 'minifasnet-v1se'].entries()) {
    const entry = manifest.models[name]!;
    entry.weights.sha256 = sha256Of(weights[i]!);
    entry.sha256 = null;
    await writeFile(join(modelsDir, entry.weights.path), weights[i]!);
  }
  await writeFile(path, JSON.stringify(manifest));
  await addPack({ modelsDir, pack: 'pad', from: modelsDir });
  const facenet = join(modelsDir, 'mine.pt');
  const bytes = inceptionFile();
  await writeFile(facenet, bytes);
  await addPack({ modelsDir, pack: 'facenet', from: facenet, sha256: sha256Of(bytes) });
  return modelsDir;
}
