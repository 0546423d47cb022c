import { cp, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { buildModels } from '../../src/models/build.ts';
import { loadPack } from '../../src/models/load.ts';
import { makeVariant, type VariantOptions } from '../../src/vision/make-variant.ts';
import { temporaryFolder } from '../support/tools.ts';

let options: VariantOptions;
let modelsDir: string;

/** Two folds, each with a pair of one person and one of two people. */
const pairs = [
  { fileA: 'alice.jpg', fileB: 'aliceAgain.jpg', same: true, fold: 'a' },
  { fileA: 'alice.jpg', fileB: 'bella.jpg', same: false, fold: 'a' },
  { fileA: 'bella.jpg', fileB: 'bellaAgain.jpg', same: true, fold: 'b' },
  { fileA: 'clara.jpg', fileB: 'alice.jpg', same: false, fold: 'b' },
];

beforeEach(async () => {
  const root = await temporaryFolder();
  for (const name of ['alice', 'aliceAgain', 'bella', 'bellaAgain', 'clara'] as const)
    await writeFile(join(root, `${name}.jpg`), await portraits[name]());
  modelsDir = join(root, 'models');
  await cp(defaultModelsDir, modelsDir, { recursive: true });
  options = {
    pipeline: {
      modelsDir,
      pack: 'edge',
      minFacePx: 60,
      maxSidePx: 1280,
      maxPixels: 5e7,
      detectMode: 'fast',
      thresholds: [0.6, 0.7, 0.7],
      factor: 0.709,
      threads: 1,
      timeoutMs: 60_000,
      flip: false,
      pad: 'off',
    },
    pairs,
    root,
    face: 'largest',
    bound: 0,
    anyway: true,
    mostWeight: 127,
    unsigned: process.arch === 'x64',
    signal: new AbortController().signal,
    report: () => undefined,
  };
});

const variantFiles = async () => (await readdir(modelsDir)).filter((name) => /int8|variants/.test(name));

describe('makeVariant', () => {
  it(
    'keeps a variant that is as accurate, as a pack with a fingerprint of its own',
    { timeout: 120_000 },
    async () => {
      const result = await makeVariant(options);
      expect(result).toMatchObject({
        state: 'kept',
        name: 'edge-int8',
      });
      expect(await variantFiles()).toEqual(['edge-int8.onnx', 'variants.json']);

      const [own, pack] = await Promise.all([loadPack(modelsDir, 'edge'), loadPack(modelsDir, 'edge-int8')]);
      expect(pack).toMatchObject({
        name: 'edge-int8',
        dimension: own.dimension,
        preprocessing: own.preprocessing,
      });
      expect(pack.fingerprint).toMatch(/^edge-int8@sha256:/);
      expect(pack.embedder.size).toBeLessThan(own.embedder.size / 3);

      // It is no business of `models build`, and only `models quantize` makes it anew.
      expect(await buildModels({ modelsDir })).toEqual({
        built: [],
        kept: ['pnet', 'rnet', 'onet', 'mobilefacenet'],
      });
      await truncate(join(modelsDir, 'edge-int8.onnx'), 1000);
      await expect(loadPack(modelsDir, 'edge-int8')).rejects.toMatchObject({
        code: 'model_damaged',
        remedy: expect.stringContaining('muster models quantize edge'),
      });
    },
  );

  it('writes nothing when the accuracy falls by more than the bound', { timeout: 120_000 }, async () => {
    // Weights of −1, 0 and 1: hardly anything of the net is left.
    const result = await makeVariant({ ...options, mostWeight: 1 });
    expect(result).toMatchObject({ state: 'worse' });
    expect(await variantFiles()).toEqual([]);
  });

  it('writes nothing when it is not faster, or the pairs are too few', { timeout: 120_000 }, async () => {
    const compareSpeed = () => Promise.resolve([10, 10]);
    const slow = await makeVariant({ ...options, anyway: false, compareSpeed });
    expect(slow).toEqual({ state: 'slower', name: 'edge-int8', ms: { exact: 10, variant: 10 } });
    const few = await makeVariant({ ...options, pairs: pairs.slice(0, 1), compareSpeed });
    expect(few.state).toBe('unknown');
    expect(await variantFiles()).toEqual([]);
  });

  it('names what to look at when no photo has a face', { timeout: 60_000 }, async () => {
    const gone = pairs.map((pair) => ({ ...pair, fileA: 'none.jpg', fileB: 'none.jpg' }));
    await expect(makeVariant({ ...options, pairs: gone })).rejects.toMatchObject({
      code: 'calibration_empty',
    });
  });
});
