import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTensor, readTensors } from '../../../src/models/torch/read.ts';
import { archiveFile, legacyFile, pickled, plain, stateDictFiles, tensorOps } from '../support/torch-file.ts';
import type { StorageSpec } from '../support/torch-file.ts';

const golden = new URL('../../../../shared/golden/', import.meta.url).pathname;

describe.each(['legacy', 'archive'] as const)('a file of the format %s', (format) => {
  it('gives its tensors by name', () => {
    const files = stateDictFiles({
      'conv.weight': plain('10', [2, 1, 2], [1, 2, 3, 4]),
      'conv.bias': plain('11', [2], [0.5, -0.5]),
      count: plain('12', [], [7]),
      nothing: plain('13', [0], []),
    });
    const tensors = readTensors(files[format]);
    expect([...tensors.keys()]).toEqual(['conv.weight', 'conv.bias', 'count', 'nothing']);
    expect(tensors.get('conv.weight')).toEqual({ shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(tensors.get('count')).toEqual({ shape: [], data: Float32Array.of(7) });
    expect(tensors.get('nothing')?.data).toHaveLength(0);
  });

  it('honours offsets and strides, and tensors that share a storage', () => {
    const storage = plain(
      '1',
      [12],
      Array.from({ length: 12 }, (_, i) => i),
    ).storage;
    const files = stateDictFiles({
      all: { storage, shape: [12] },
      part: { storage, offset: 2, shape: [2, 2] },
      turned: { storage, shape: [3, 4], strides: [1, 3] },
      columns: { storage, offset: 1, shape: [3, 1, 2], strides: [4, 99, 2] },
    });
    const tensors = readTensors(files[format]);
    expect([...tensors.get('part')!.data]).toEqual([2, 3, 4, 5]);
    expect([...tensors.get('turned')!.data]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    expect([...tensors.get('columns')!.data]).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it.each([
    ['DoubleStorage', new Float64Array([1.5, -2]), [1.5, -2]],
    ['HalfStorage', new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00]), [1, -2, 2 ** -24, Infinity]],
    ['BFloat16Storage', new Uint16Array([0x3f80, 0xc000]), [1, -2]],
    ['LongStorage', new BigInt64Array([7n, -1n]), [7, -1]],
    ['IntStorage', new Int32Array([3, -3]), [3, -3]],
    ['ShortStorage', new Int16Array([3, -3]), [3, -3]],
    ['CharStorage', new Int8Array([3, -3]), [3, -3]],
    ['ByteStorage', new Uint8Array([3, 253]), [3, 253]],
    ['BoolStorage', new Uint8Array([1, 0]), [1, 0]],
  ])('reads %s as numbers', (type, values, expected) => {
    const storage: StorageSpec = {
      type,
      key: '0',
      length: values.length,
      bytes: new Uint8Array(values.buffer),
    };
    const object = pickled(tensorOps({ storage, shape: [values.length] }));
    const write = format === 'legacy' ? legacyFile : archiveFile;
    expect([...readTensor(write(object, [storage])).data]).toEqual(expected);
  });
});

it('reads from the middle of a larger buffer', () => {
  const { legacy } = stateDictFiles({ a: plain('0', [2], [1, 2]) });
  const larger = new Uint8Array(legacy.length + 7);
  larger.set(legacy, 3);
  expect(readTensors(larger.subarray(3, 3 + legacy.length)).get('a')?.data).toEqual(Float32Array.of(1, 2));
});

it.each([
  ['a state dict where one tensor is wanted', 'dict', readTensor],
  ['a tensor where a state dict is wanted', 'tensor', readTensors],
] as const)('refuses %s', (_, kind, read) => {
  const tensor = plain('0', [2], [1, 2]);
  const file =
    kind === 'dict'
      ? stateDictFiles({ a: tensor }).archive
      : archiveFile(pickled(tensorOps(tensor)), [tensor.storage]);
  expect(() => read(file, 'face.pt')).toThrow(`face.pt is refused: what it holds is a ${kind} and not a`);
});

describe.skipIf(!existsSync(golden))('the published files (in ../shared)', () => {
  it.each([
    ['pnet.pt', 'pnet'],
    ['pnet-zip.pt', 'pnet'],
    ['rnet.pt', 'rnet'],
    ['onet.pt', 'onet'],
    ['2.7_80x80_MiniFASNetV2.pth', '2.7_80x80_MiniFASNetV2'],
    ['4_0_0_80x80_MiniFASNetV1SE.pth', '4_0_0_80x80_MiniFASNetV1SE'],
  ])('%s has the names and shapes of its list', (file, list) => {
    const tensors = readTensors(readFileSync(join(golden, 'weights', file)), file);
    const lines = [...tensors].map(([name, { shape }]) => `${name}\t[${shape.join(', ')}]`);
    const expected = readFileSync(join(golden, `state-dict.${list}.tsv`), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toEqual(expected.map((line) => line.split('\t').slice(0, 2).join('\t')));
    for (const { data } of tensors.values()) expect(data.every(Number.isFinite)).toBe(true);
  });

  it('pnet-zip.pt reads equal to pnet.pt', () => {
    const [zip, legacy] = ['pnet-zip.pt', 'pnet.pt'].map((file) =>
      readTensors(readFileSync(join(golden, 'weights', file))),
    );
    expect(zip).toEqual(legacy);
  });
});
