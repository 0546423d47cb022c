import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { download, type DownloadOptions } from '../../src/models/download.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { canMountDisks, smallDisk, withoutDisks } from '../support/small-disk.ts';
import { startFileServer } from './support/file-server.ts';
import { temporaryFolder, type Folder } from './support/folder.ts';

const content = Uint8Array.from({ length: 1_000_003 }, (_, i) => (i * 7919) % 251);
const files = { 'w.pt': content };
const sha256 = sha256Of(content);

let folder: Folder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'w.pt');
  return () => folder[Symbol.asyncDispose]();
});

const get = (base: string, options: DownloadOptions = {}, wanted = sha256) =>
  download(`${base}w.pt`, path, wanted, { settings: {}, pausesMs: [1, 1], ...options });
const left = async () => (await readdir(folder.path)).toSorted();

describe('a download', () => {
  it('follows redirects, tells how far it is, and leaves the file alone', async () => {
    await using server = await startFileServer({ files, pauseMs: 10 });
    const seen: [number, number | null][] = [];
    await get(server.base, { onProgress: (done, total) => seen.push([done, total]) });
    expect(sha256Of(await readFile(path))).toBe(sha256);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
    expect(await left()).toEqual(['w.pt']);
  });

  it('that is cut goes on where it stopped', async () => {
    await using server = await startFileServer({ files, cuts: 2, cutAfter: 300_000 });
    await get(server.base);
    expect(sha256Of(await readFile(path))).toBe(sha256);
    const [first, ...more] = server.requests;
    expect(first).toBe('all');
    expect(more).toHaveLength(2);
    for (const range of more) expect(range).toMatch(/^bytes=[1-9]\d+-$/);
  });

  it('that was cut goes on in another process', async () => {
    await using server = await startFileServer({ files, cuts: 1, cutAfter: 300_000 });
    await expect(get(server.base, { pausesMs: [] })).rejects.toMatchObject({
      code: 'download_failed',
      remedy: expect.stringContaining('goes on where it stopped'),
    });
    expect(await left()).toEqual(['w.pt.part', 'w.pt.part.etag']);
    await get(server.base);
    expect(server.requests).toEqual(['all', expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
    expect(await left()).toEqual(['w.pt']);
  });

  it.each([
    ['the server knows no ranges', { ranges: false }],
    ['the server gives no ETag', { etag: null }],
    ['the ETag is a weak one', { etag: 'W/"one"' }],
  ])('begins anew where %s', async (_, behaviour) => {
    await using server = await startFileServer({ files, cuts: 1, cutAfter: 300_000, ...behaviour });
    await get(server.base);
    expect(sha256Of(await readFile(path))).toBe(sha256);
    expect(server.requests).toHaveLength(2);
  });

  it('begins anew when the file is another one by now', async () => {
    await using server = await startFileServer({
      files: { 'w.pt': content.with(0, 99) },
      cuts: 1,
      cutAfter: 300_000,
    });
    await expect(get(server.base, { pausesMs: [] })).rejects.toMatchObject({ code: 'download_failed' });
    Object.assign(server.behaviour, { files, etag: '"two"' });
    await get(server.base);
    expect(sha256Of(await readFile(path))).toBe(sha256);
  });

  it('of which all had come needs no more than the hash', async () => {
    await using server = await startFileServer({ files });
    await writeFile(`${path}.part`, content);
    await writeFile(`${path}.part.etag`, '"one"');
    await get(server.base);
    expect(await left()).toEqual(['w.pt']);
  });

  it('asks again when the server says nothing any more', async () => {
    await using server = await startFileServer({ files, stallAfter: 300_000 });
    await get(server.base, { idleMs: 300 });
    expect(server.requests).toHaveLength(2);
    expect(sha256Of(await readFile(path))).toBe(sha256);
  });

  it('works with a server that does not say how long the file is', async () => {
    await using server = await startFileServer({ files, says: 'nothing' });
    const totals: (number | null)[] = [];
    await get(server.base, { onProgress: (_, total) => totals.push(total) });
    expect(new Set(totals)).toEqual(new Set([null]));
    expect(await left()).toEqual(['w.pt']);
  });

  it('of another hash is deleted', async () => {
    await using server = await startFileServer({ files });
    await expect(get(server.base, {}, 'f'.repeat(64))).rejects.toMatchObject({
      code: 'download_differs',
      message: expect.stringContaining(sha256),
      remedy: expect.stringContaining('from elsewhere'),
    });
    expect(await left()).toEqual([]);
  });

  it.each([
    [404, 1, /status 404/],
    [403, 1, /status 403/],
    [503, 3, /status 503/],
  ])('ends at status %i after %i requests', async (status, requests, reason) => {
    await using server = await startFileServer({ files, status });
    await expect(get(server.base)).rejects.toMatchObject({
      code: 'download_failed',
      message: expect.stringMatching(reason),
      remedy: expect.stringContaining('--from'),
    });
    expect(server.requests).toHaveLength(requests);
  });

  it('says what to do where there is no network', async () => {
    await expect(get('http://127.0.0.1:9/')).rejects.toMatchObject({
      code: 'download_failed',
      message: expect.stringContaining('ECONNREFUSED'),
      remedy: expect.stringMatching(/proxy.*--from/s),
    });
  });

  it('goes through the proxy of npm', async () => {
    await using proxy = await startFileServer({ files });
    // A proxy is asked for the whole URL, which this one takes for a path.
    await expect(
      get('http://weights.invalid/', { settings: { proxy: new URL(proxy.base).origin } }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('status 404'),
    });
    expect(proxy.requests).toEqual(['all']);
  });

  it('ends when it is aborted, and keeps what has come', async () => {
    await using server = await startFileServer({ files, stallAfter: 300_000 });
    const ending = new AbortController();
    const onProgress = (done: number) =>
      done >= 300_000 && ending.abort(new DOMException('SIGINT', 'AbortError'));
    await expect(get(server.base, { signal: ending.signal, onProgress })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await left()).toContain('w.pt.part');
  });

  it('of a size that no weights have is not begun', async () => {
    await using server = await startFileServer({ files, claims: 513 * 1024 * 1024 });
    await expect(get(server.base)).rejects.toMatchObject({
      code: 'download_failed',
      message: expect.stringContaining('no file of weights'),
    });
  });
});

describe.skipIf(!canMountDisks)(`on a small disk (${canMountDisks ? 'a tmpfs' : withoutDisks})`, () => {
  it('is not begun where it has no room', async () => {
    const disk = await smallDisk(4);
    await using server = await startFileServer({ files });
    await expect(
      download(`${server.base}w.pt`, join(disk.dir, 'w.pt'), sha256, { settings: {} }),
    ).rejects.toMatchObject({
      code: 'disk_full',
      remedy: expect.stringContaining('--models-dir'),
    });
    expect(await readdir(disk.dir)).not.toContain('w.pt.part');
  });

  it('gives the room back when the disk fills up meanwhile', async () => {
    const disk = await smallDisk(2);
    await using server = await startFileServer({
      files: { 'w.pt': new Uint8Array(8_000_000) },
      says: 'nothing',
    });
    await expect(
      download(`${server.base}w.pt`, join(disk.dir, 'w.pt'), sha256, { settings: {} }),
    ).rejects.toMatchObject({ code: 'disk_full' });
    expect((await readdir(disk.dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
    await rm(join(disk.dir, 'w.pt.part.etag'), { force: true });
    await writeFile(join(disk.dir, 'again'), new Uint8Array(1_000_000));
  });
});
