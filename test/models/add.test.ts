import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MusterError } from '../../src/lib/errors.ts';
import { addPack, type AddOptions } from '../../src/models/add.ts';
import { buildModels } from '../../src/models/build.ts';
import { loadPack } from '../../src/models/load.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import type { Manifest } from '../../src/models/manifest.ts';
import { startFileServer } from './support/file-server.ts';
import { writeManifest } from './support/folder.ts';
import { beforeEachWithTinyModels } from './support/tiny-models.ts';
import { optionalNet, withOptional } from './support/tiny-optional.ts';

const published = optionalNet(1);
const own = optionalNet(2);

let modelsDir: string;
let tarball: string;
let manifest: Manifest;
beforeEachWithTinyModels(async (models) => {
  ({ modelsDir, tarball } = models);
  manifest = models.manifest;
  await useBase('http://127.0.0.1:9/');
});
beforeEach(() => buildModels({ modelsDir, from: tarball }));

const useBase = (base: string) => writeManifest(modelsDir, withOptional(manifest, base, published));
const add = (options: Partial<AddOptions> = {}) =>
  addPack({ modelsDir, pack: 'more', settings: {}, pausesMs: [1], ...options });
const file = async (bytes: Uint8Array, name = 'mine.pt') => {
  const path = join(modelsDir, name);
  await writeFile(path, bytes);
  return path;
};

describe('an optional pack', () => {
  it('is not made by build, and its absence is told with the command that adds it', async () => {
    expect(existsSync(join(modelsDir, 'x.onnx'))).toBe(false);
    await expect(loadPack(modelsDir, 'more')).rejects.toMatchObject({
      code: 'model_not_added',
      remedy: expect.stringContaining('muster models add more'),
    });
  });

  it('is added from where it is published, and verified on each load', async () => {
    await using server = await startFileServer({ files: { 'weights.pt': published } });
    await useBase(server.base);
    const steps: string[] = [];
    expect(await add({ report: (step) => steps.push(step) })).toEqual({ made: ['x'], kept: [] });
    expect(steps).toEqual([`fetching ${server.base}weights.pt`, 'making x.onnx']);
    expect((await readdir(modelsDir)).filter((name) => name.startsWith('weights'))).toEqual([]);
    const { fingerprint } = await loadPack(modelsDir, 'more');
    expect(fingerprint).toMatch(/^more@sha256:[0-9a-f]{64}$/);

    // Again: nothing to do, no network, the same record to the byte.
    const record = await readFile(join(modelsDir, 'added.json'), 'utf8');
    expect(await add()).toEqual({ made: [], kept: ['x'] });
    expect(server.requests).toHaveLength(1);
    expect(await readFile(join(modelsDir, 'added.json'), 'utf8')).toBe(record);

    await truncate(join(modelsDir, 'x.onnx'), 20);
    await expect(loadPack(modelsDir, 'more')).rejects.toMatchObject({
      code: 'model_damaged',
      remedy: expect.stringContaining('muster models add more'),
    });
    expect(await add()).toEqual({ made: ['x'], kept: [] });
    expect((await loadPack(modelsDir, 'more')).fingerprint).toBe(fingerprint);
  });

  it('of weights of one’s own is a pack with another fingerprint, and only with their hash', async () => {
    await add({ from: await file(published) });
    const { fingerprint } = await loadPack(modelsDir, 'more');
    const path = await file(own);
    await expect(add({ from: path })).rejects.toMatchObject({
      code: 'source_damaged',
      remedy: expect.stringContaining(`--sha256 ${sha256Of(own)}`),
    });
    expect(await add({ from: path, sha256: sha256Of(own) })).toEqual({ made: ['x'], kept: [] });
    const other = await loadPack(modelsDir, 'more');
    expect(other.fingerprint).not.toBe(fingerprint);
    // The published ones come back as they were.
    await add({ from: await file(published) });
    expect((await loadPack(modelsDir, 'more')).fingerprint).toBe(fingerprint);
  });

  it('is taken from a folder, and from another URL', async () => {
    const folder = join(modelsDir, 'usb');
    await mkdir(folder);
    await writeFile(join(folder, 'weights.pt'), published);
    expect(await add({ from: folder })).toEqual({ made: ['x'], kept: [] });
    await using server = await startFileServer({ files: { 'other.pt': own, 'weights.pt': published } });
    await add({ from: `${server.base}other.pt`, sha256: sha256Of(own) });
    expect(await add({ from: server.base })).toEqual({ made: ['x'], kept: [] });
  });

  it('of another hash is refused with what helps: whose hash was named, and who may have another at all', async () => {
    await using server = await startFileServer({ files: { 'weights.pt': own } });
    const path = await file(own);
    const remedies = async (sha256?: string) => {
      const from = [path, `${server.base}weights.pt`];
      return await Promise.all(
        from.map((each) =>
          add({ from: each, sha256 }).then(
            () => null,
            ({ remedy }: MusterError) => remedy,
          ),
        ),
      );
    };
    for (const remedy of await remedies()) expect(remedy).toContain(`add --sha256 ${sha256Of(own)}.`);
    for (const remedy of await remedies('f'.repeat(64)))
      expect(remedy).toMatch(/not the file whose hash was given with --sha256: check both\.$/);

    // As with the pack pad, whose ONNX files have hashes of their own in the manifest.
    const optional = withOptional(manifest, server.base, published);
    const fixed = { ...optional.models['x']!, sha256: '0'.repeat(64) };
    await writeManifest(modelsDir, { ...optional, models: { ...optional.models, x: fixed } });
    for (const remedy of await remedies()) {
      expect(remedy).toMatch(/: no other one is taken\.$/);
      expect(remedy).not.toContain('--sha256');
    }
  });

  it.each([
    ['a pack that is not there', { pack: 'nothing' }, 'pack_unknown', 'more'],
    ['a pack that build makes', { pack: 'tiny' }, 'pack_fixed', 'more'],
    ['an address of another kind', { from: 'ftp://example.org/w.pt' }, 'source_unreadable', '--from'],
    ['a file that is not there', { from: '/nowhere/w.pt' }, 'source_unreadable', '--from'],
    ['no network', {}, 'download_failed', '--from'],
  ])('%s is told with what to do', async (_, options, code, remedy) => {
    await expect(add(options)).rejects.toMatchObject({ code, remedy: expect.stringContaining(remedy) });
  });

  it('is refused where its weights are of another net, and leaves what there was', async () => {
    await add({ from: await file(published) });
    const { fingerprint } = await loadPack(modelsDir, 'more');
    const wrong = optionalNet(3, { 'conv1.weight': [9, 3, 3, 3] });
    await expect(add({ from: await file(wrong), sha256: sha256Of(wrong) })).rejects.toMatchObject({
      code: 'weights_unfit',
    });
    const code = Buffer.from('\u0080\u0002cos\nsystem\n.', 'latin1');
    await expect(add({ from: await file(code), sha256: sha256Of(code) })).rejects.toMatchObject({
      code: 'torch_refused',
    });
    expect((await loadPack(modelsDir, 'more')).fingerprint).toBe(fingerprint);
  });

  it('says so when the record is damaged', async () => {
    await writeFile(join(modelsDir, 'added.json'), '{"format":"muster-added/1","models":{"x":1}}');
    await expect(loadPack(modelsDir, 'tiny')).rejects.toMatchObject({
      code: 'added_invalid',
      remedy: expect.stringContaining('models add'),
    });
  });
});

describe('muster models add', () => {
  it('shows its progress, goes on after a kill, and is listed', { timeout: 60_000 }, async () => {
    const padded = optionalNet(1, {}, 3_000_000);
    await using server = await startFileServer({ files: { 'weights.pt': padded }, pauseMs: 12 });
    await writeManifest(modelsDir, withOptional(manifest, server.base, padded));
    const first = run('add', 'more');
    await server.reached(4_000_000);
    first.kill('SIGTERM');
    expect((await first.ended).status).toBe(143);
    expect(await readdir(modelsDir)).toContain('weights.pt.part');

    server.behaviour.pauseMs = 40;
    const second = await run('add', 'more').ended;
    expect(second).toMatchObject({ status: 0, stdout: 'Made x.\n' });
    expect(second.stderr).toMatch(/downloading, MB: \d+ of 13/);
    expect(server.requests.at(-1)).toMatch(/^bytes=[1-9]\d+-$/);

    const { stdout } = await run('list').ended;
    expect(stdout).toMatch(/x +more .*ready/);
    expect((await run('verify').ended).status).toBe(0);
  });

  it('ends with 2 and the remedy for a wrong hash, and deletes the file', async () => {
    await using server = await startFileServer({ files: { 'weights.pt': own } });
    await useBase(server.base);
    const { status, stderr } = await run('add', 'more').ended;
    expect(status).toBe(2);
    expect(stderr).toContain(sha256Of(own));
    expect(stderr).toContain('It was deleted.');
    expect(await readdir(modelsDir)).not.toContain('weights.pt.part');
    const { stdout } = await run('list').ended;
    expect(stdout).toContain('more has not been added: `muster models add more` does it.');
  });
});

/** `muster models …` as a person runs it. */
function run(verb: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ['bin/muster.js', 'models', verb, ...args, '--models-dir', modelsDir],
    {
      env: { ...process.env, NO_PROXY: '127.0.0.1', npm_config_noproxy: '127.0.0.1' },
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}
