import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { VerifiedModel } from '../../src/models/contract.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { createGraphCache } from '../../src/vision/graphs.ts';
import { temporaryFolder } from '../support/tools.ts';
import { samplePhoto, startPipeline, succeeded } from './support.ts';

const photo = await samplePhoto(1);

async function facesWith(graphsDir: string | null) {
  const pipeline = await startPipeline({ graphsDir });
  const { faces } = succeeded(await pipeline.analyse(photo));
  await pipeline.close();
  return faces;
}

test('a start from kept graphs finds the very same faces and embeddings, and one that is damaged is made anew', async () => {
  const dir = join(await temporaryFolder(), 'graphs');
  const plain = await facesWith(null);
  expect(await facesWith(dir)).toEqual(plain);
  const kept = (await readdir(dir)).toSorted();
  expect(kept).toHaveLength(4);
  for (const name of kept) expect(name).toMatch(/^[0-9a-f]{32}-[0-9a-f]{64}\.ort$/);

  expect(await facesWith(dir)).toEqual(plain);
  expect((await readdir(dir)).toSorted()).toEqual(kept);

  const damaged = join(dir, kept[0]!);
  const bytes = await readFile(damaged);
  const middle = bytes.length >> 1;
  await writeFile(damaged, bytes.with(middle, bytes[middle]! ^ 1));
  expect(await facesWith(dir)).toEqual(plain);
  const mended = (await readdir(dir)).toSorted();
  expect(mended.map((name) => name.split('-')[0])).toEqual(kept.map((name) => name.split('-')[0]));
  expect(mended.slice(1)).toEqual(kept.slice(1));
  expect(sha256Of(await readFile(join(dir, mended[0]!)))).toBe(mended[0]!.slice(33, -'.ort'.length));
});

test('a graph that was not written to its end, as on a full disk, is made anew', async () => {
  const dir = join(await temporaryFolder(), 'graphs');
  const plain = await facesWith(dir);
  const kept = (await readdir(dir)).toSorted();
  // Named after what is in them: nothing, and a half.
  for (const [name, length] of [
    [kept[0]!, 0],
    [kept[1]!, (await readFile(join(dir, kept[1]!))).length >> 1],
  ] as const) {
    const part = (await readFile(join(dir, name))).subarray(0, length);
    await rm(join(dir, name));
    await writeFile(join(dir, `${name.slice(0, 33)}${sha256Of(part)}.ort`), part);
  }
  const parts = (await readdir(dir)).toSorted();
  expect(await facesWith(dir)).toEqual(plain);
  const mended = (await readdir(dir)).toSorted();
  expect(mended.map((name) => name.split('-')[0])).toEqual(kept.map((name) => name.split('-')[0]));
  expect(mended.filter((name) => parts.includes(name))).toEqual(kept.slice(2));
  // They are of use now.
  expect(await facesWith(dir)).toEqual(plain);
  expect((await readdir(dir)).toSorted()).toEqual(mended);
});

test('a folder that can not be written is no reason not to start', async () => {
  const file = join(await temporaryFolder(), 'graphs');
  await writeFile(file, 'a file in the place of the folder');
  expect(await facesWith(file)).toHaveLength(3);
  expect(await readFile(file, 'utf8')).toBe('a file in the place of the folder');
});

test('a graph of another model or runtime is not found, and old ones go', async () => {
  const dir = await temporaryFolder();
  const modelNamed = (name: string): VerifiedModel => ({
    name,
    sha256: sha256Of(name),
    size: name.length,
    read: () => Promise.resolve(Buffer.from(name)),
  });
  const write = (graph: string) => async (file: string | null) => {
    expect(file).not.toBeNull();
    await writeFile(file!, graph);
    return graph;
  };
  const cache = createGraphCache(dir, '1.0.0');
  const [one, other] = [modelNamed('one'), modelNamed('other')];
  expect(await cache.find(one)).toBeNull();
  expect(await cache.keep(one, write('graph'))).toBe('graph');
  expect(await cache.find(one)).toEqual(Buffer.from('graph'));
  expect(await cache.find(other)).toBeNull();
  expect(await createGraphCache(dir, '1.0.1').find(one)).toBeNull();

  for (let n = 0; n < 20; n++) await cache.keep(modelNamed(`m-${n}`), write(`graph ${n}`));
  expect(await readdir(dir)).toHaveLength(16);
  expect(await cache.find(modelNamed('m-19'))).toEqual(Buffer.from('graph 19'));
});
