import { MusterError } from '../lib/errors.ts';
import type { LoadedPack } from './contract.ts';
import { inspectModel, modelOf, sha256Of } from './inspect.ts';
import { readManifest, type Manifest, type PackEntry } from './manifest.ts';

/**
 * Reads the models of a pack and verifies each of them against the manifest of the folder.
 *
 * Throws MusterError `pack_unknown`, `model_missing`, `model_damaged` or `manifest_invalid`, each with its remedy.
 */
export async function loadPack(modelsDir: string, pack: string): Promise<LoadedPack> {
  const manifest = await readManifest(modelsDir);
  const entry = packEntry(manifest, pack);
  const load = async (name: string) => modelOf(await inspectModel(modelsDir, manifest, name));
  const [p, r, o] = entry.detector;
  const [pnet, rnet, onet, embedder] = await Promise.all([load(p), load(r), load(o), load(entry.embedder)]);
  const parts = [pnet, rnet, onet, embedder].map(({ sha256 }) => sha256);
  return {
    name: pack,
    fingerprint: `${pack}@sha256:${sha256Of([...parts, entry.preprocessing].join('\n'))}`,
    dimension: entry.dimension,
    threshold: entry.threshold,
    featureLength: entry.feature_length,
    pnet,
    rnet,
    onet,
    embedder,
  };
}

function packEntry(manifest: Manifest, pack: string): PackEntry {
  const entry = Object.hasOwn(manifest.packs, pack) ? manifest.packs[pack] : undefined;
  if (entry) return entry;
  const known = Object.keys(manifest.packs).join(', ');
  throw new MusterError('pack_unknown', `There is no model pack '${pack}'.`, {
    remedy: `Set vision.pack to one of: ${known}.`,
  });
}
