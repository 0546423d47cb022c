import { appendFile, copyFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { buildModels } from '../../src/models/build.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { loadPack } from '../../src/models/load.ts';
import type { Manifest } from '../../src/models/manifest.ts';
import { writeManifest } from './support/folder.ts';
import { beforeEachWithTinyModels } from './support/tiny-models.ts';

let manifest: Manifest;
let modelsDir: string;

beforeEachWithTinyModels(async (models) => {
  ({ modelsDir, manifest } = models);
  await buildModels({ modelsDir, from: models.tarball });
});

describe('loadPack', () => {
  it('gives the models of a pack and its facts', async () => {
    const pack = await loadPack(modelsDir, 'tiny');
    expect(pack).toMatchObject({ name: 'tiny', dimension: 4, threshold: 0.5 });
    expect([pack.pnet, pack.rnet, pack.onet, pack.embedder].map(({ name }) => name)).toEqual([
      'p',
      'r',
      'o',
      'e',
    ]);
    for (const { name, sha256, size, read } of [pack.pnet, pack.rnet, pack.onet, pack.embedder]) {
      expect(sha256).toBe(manifest.models[name]?.sha256);
      const onnx = await read();
      expect(sha256Of(onnx)).toBe(sha256);
      expect(onnx).toHaveLength(size);
    }
  });

  it('gives no bytes that have changed since', async () => {
    const { rnet } = await loadPack(modelsDir, 'tiny');
    await appendFile(join(modelsDir, 'r.onnx'), 'x');
    await expect(rnet.read()).rejects.toMatchObject({
      code: 'model_damaged',
      message: expect.stringContaining(join(modelsDir, 'r.onnx')),
      remedy: expect.stringContaining('muster models build'),
    });
  });

  it('has a fingerprint that changes with a model and with the preprocessing, and with nothing else', async () => {
    const { fingerprint } = await loadPack(modelsDir, 'tiny');
    expect(fingerprint).toMatch(/^tiny@sha256:[0-9a-f]{64}$/);
    const { tiny } = manifest.packs;
    if (!tiny) throw new Error('there is no pack');
    const fingerprintWith = async (pack: Partial<typeof tiny>) => {
      await writeManifest(modelsDir, { ...manifest, packs: { tiny: { ...tiny, ...pack } } });
      return (await loadPack(modelsDir, 'tiny')).fingerprint;
    };
    expect(await fingerprintWith({ threshold: 0.6 })).toBe(fingerprint);
    expect(await fingerprintWith({ preprocessing: 'none/2' })).not.toBe(fingerprint);
    expect(await fingerprintWith({ embedder: 'p' })).not.toBe(fingerprint);
    expect(await fingerprintWith({ detector: ['r', 'p', 'o'] })).not.toBe(fingerprint);
  });

  it('refuses a missing file', async () => {
    await rm(join(modelsDir, 'r.onnx'));
    await expect(loadPack(modelsDir, 'tiny')).rejects.toMatchObject({
      code: 'model_missing',
      message: expect.stringContaining(join(modelsDir, 'r.onnx')),
      remedy: expect.stringContaining('muster models build'),
    });
  });

  it.each([
    ['that was cut short', (path: string) => truncate(path, 100)],
    ['that is empty', (path: string) => truncate(path, 0)],
    ['of another model', (path: string) => copyFile(join(modelsDir, 'o.onnx'), path)],
    ['that is none', (path: string) => writeFile(path, 'just some words')],
  ])('refuses a file %s', async (_, damage) => {
    const path = join(modelsDir, 'p.onnx');
    await damage(path);
    await expect(loadPack(modelsDir, 'tiny')).rejects.toMatchObject({
      code: 'model_damaged',
      message: expect.stringContaining(path),
      remedy: expect.stringContaining('muster models build'),
    });
  });

  it('refuses a pack that is not in the manifest and names those that are', async () => {
    for (const pack of ['edge', '__proto__', 'toString', '']) {
      await expect(loadPack(modelsDir, pack)).rejects.toMatchObject({
        code: 'pack_unknown',
        remedy: expect.stringContaining('tiny'),
      });
    }
  });

  it('takes the manifest of the program where the folder has none', async () => {
    await rm(join(modelsDir, 'manifest.json'));
    await expect(loadPack(modelsDir, 'edge')).rejects.toMatchObject({
      code: 'model_missing',
      // Of several missing files, the one that was looked at first.
      message: expect.stringMatching(/\/(pnet|rnet|onet|mobilefacenet)\.onnx/),
    });
  });
});

describe('the manifest', () => {
  it.each([
    ['no JSON', () => '{"models": ', /JSON/],
    ['another format', () => JSON.stringify({ ...manifest, format: 'muster-models/2' }), /format/],
    ['a field that nobody knows', () => JSON.stringify({ ...manifest, hash: 1 }), /hash/],
    [
      'a file elsewhere',
      () => JSON.stringify(withModel({ file: '../../etc/passwd.onnx' })),
      /models\.p\.file/,
    ],
    ['a hash that is none', () => JSON.stringify(withModel({ sha256: 'abc' })), /models\.p\.sha256/],
    [
      'weights elsewhere',
      () => JSON.stringify(withModel({ weights: { ...manifest.models['p']?.weights, path: 'a/../../b' } })),
      /models\.p\.weights\.path/,
    ],
    [
      'a source that it does not have',
      () => JSON.stringify(withModel({ weights: { ...manifest.models['p']?.weights, source: 'other' } })),
      /not in sources/,
    ],
    [
      'a pack of models that it does not have',
      () => JSON.stringify({ ...manifest, packs: { tiny: { ...manifest.packs['tiny'], embedder: 'x' } } }),
      /uses x/,
    ],
  ])('with %s is refused', async (_, content, reason) => {
    await writeFile(join(modelsDir, 'manifest.json'), content());
    await expect(loadPack(modelsDir, 'tiny')).rejects.toMatchObject({
      code: 'manifest_invalid',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('models/manifest.json'),
    });
  });

  it('of the program has the edge pack, verified', async () => {
    const pack = await loadPack(defaultModelsDir, 'edge');
    expect(pack).toMatchObject({ dimension: 192, threshold: 0.44 });
  });
});

/** The manifest with something else in its first model. */
function withModel(change: object): unknown {
  return { ...manifest, models: { ...manifest.models, p: { ...manifest.models['p'], ...change } } };
}
