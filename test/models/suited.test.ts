import { describe, expect, it } from 'vitest';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { readOnnx } from '../../src/models/convert/read-onnx.ts';
import { loadPack } from '../../src/models/load.ts';
import { suitedTo } from '../../src/models/suited.ts';
import { modelFrom } from '../../src/vision/variant.ts';
import { distance, noise, runOnnx } from './support/nets.ts';

const { pnet, rnet, onet, embedder } = await loadPack(defaultModelsDir, 'edge');
const operatorsOf = (onnx: Uint8Array, name: string) =>
  new Set(readOnnx(onnx, name).nodes.map(({ op }) => op));

describe('suitedTo', () => {
  it.each([
    [embedder, [2, 3, 112, 112]],
    [pnet, [1, 3, 40, 57]],
    [rnet, [3, 3, 24, 24]],
    [onet, [3, 3, 48, 48]],
  ])('keeps the blocked layout of x64 without a break, and the answers %#', async (model, shape) => {
    const given = await model.read();
    const onnx = await suitedTo('x64', model.name, given);
    const operators = operatorsOf(onnx, model.name);
    expect(operators).toContain('Relu');
    expect(operators).not.toContain('Max');
    expect(operators).not.toContain('Min');
    const input = noise(shape, 3);
    const [was, is] = [await runOnnx(given, input), await runOnnx(onnx, input)];
    expect(Object.keys(is)).toEqual(Object.keys(was));
    for (const name of Object.keys(was)) expect(distance(is[name]!.data, was[name]!.data)).toBeLessThan(5e-5);
  });

  it('gives other processors, and models of whole numbers, what they have', async () => {
    const onnx = await embedder.read();
    expect(await suitedTo('arm64', 'embedder', onnx)).toBe(onnx);
    const graph = readOnnx(onnx, embedder.name);
    const coded = [{ name: 'codes', dims: [2], data: Int8Array.of(1, 2) }];
    const whole = await modelFrom('whole', { ...graph, coded }).read();
    expect(await suitedTo('x64', 'whole', whole)).toBe(whole);
  });

  it('reads no damaged model as another one', async () => {
    const damaged = (await embedder.read()).subarray(0, 1000);
    expect(await suitedTo('x64', 'embedder', damaged)).toBe(damaged);
  });
});
