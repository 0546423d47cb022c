import { MusterError } from '../lib/errors.ts';
import type { LoadedAttackDetection, LoadedPack } from './contract.ts';
import { inspectModel, modelOf, sha256Of } from './inspect.ts';
import type { Manifest, PackEntry } from './manifest.ts';

/**
 * Reads the models of a pack and verifies each of them against the manifest of the folder: `known`, for those who have read it already.
 *
 * Throws MusterError `pack_unknown`, `model_missing`, `model_damaged` or `manifest_invalid`, each with its remedy.
 */
export async function loadPack(modelsDir: string, pack: string, known?: Manifest): Promise<LoadedPack> {
  const manifest = known ?? (await readManifest(modelsDir));
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
    preprocessing: entry.preprocessing,
    pnet,
    rnet,
    onet,
    embedder,
  };
}

/**
 * Reads the nets that look for attacks, and verifies them, as `loadPack` does. Throws MusterError `model_not_added`, `model_damaged` or `manifest_invalid`, each
 * with its remedy.
 */
export async function loadAttackDetection(
  modelsDir: string,
  known?: Manifest,
): Promise<LoadedAttackDetection> {
  const manifest = known ?? (await readManifest(modelsDir));
  const { pad } = manifest;
  if (!pad)
    throw new MusterError(
      'model_not_added',
      `The manifest of ${modelsDir} has no nets that look for attacks.`,
      {
        remedy: 'Use the manifest of the program, or set decision.pad.mode to off.',
      },
    );
  const nets = await Promise.all(
    pad.nets.map(async ({ model, scale }) => ({
      model: modelOf(await inspectModel(modelsDir, manifest, model)),
      scale,
    })),
  );
  const parts = nets.map(({ model, scale }) => `${model.sha256} ${scale}`);
  return {
    fingerprint: `pad@sha256:${sha256Of([...parts, pad.bona_fide, pad.preprocessing].join('\n'))}`,
    bonaFide: pad.bona_fide,
    nets,
  };
}

/** What checks a manifest takes a while to load: not in a thread that is given one. */
async function readManifest(modelsDir: string): Promise<Manifest> {
  const manifests = await import('./manifest.ts');
  return manifests.readManifest(modelsDir);
}

function packEntry(manifest: Manifest, pack: string): PackEntry {
  const entry = Object.hasOwn(manifest.packs, pack) ? manifest.packs[pack] : undefined;
  if (entry) return entry;
  const known = Object.keys(manifest.packs).join(', ');
  throw new MusterError('pack_unknown', `There is no model pack '${pack}'.`, {
    remedy: `Set vision.pack to one of: ${known}.`,
  });
}
