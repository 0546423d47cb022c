import { zipSync } from 'fflate';

/** Bytes of pickles, operation by operation, and files of torch.save made of them. */
export const op = {
  proto: Uint8Array.of(0x80, 2),
  stop: ascii('.'),
  mark: ascii('('),
  none: ascii('N'),
  false: Uint8Array.of(0x89),
  true: Uint8Array.of(0x88),
  emptyTuple: ascii(')'),
  tuple: ascii('t'),
  emptyList: ascii(']'),
  appends: ascii('e'),
  append: ascii('a'),
  emptyDict: ascii('}'),
  setItems: ascii('u'),
  reduce: ascii('R'),
  build: ascii('b'),
  persistent: ascii('Q'),
  stackGlobal: Uint8Array.of(0x93),
  newObject: Uint8Array.of(0x81),
  newObjectEx: Uint8Array.of(0x92),
  object: ascii('o'),
  global: (module: string, name: string) => ascii(`c${module}\n${name}\n`),
  instance: (module: string, name: string) => ascii(`i${module}\n${name}\n`),
  text: (text: string) => joined(ascii('X'), uint32(Buffer.byteLength(text)), Buffer.from(text)),
  whole: (value: number) => joined(ascii('J'), uint32(value)),
  long: (bytes: number, value: bigint) =>
    joined(
      Uint8Array.of(0x8a, bytes),
      Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)),
    ),
  put: (place: number) => joined(ascii('r'), uint32(place)),
  get: (place: number) => joined(ascii('j'), uint32(place)),
  extension: (code: number) => Uint8Array.of(0x82, code),
};

export interface StorageSpec {
  /** Default `FloatStorage`. */
  readonly type?: string;
  readonly key: string;
  /** As the pickle says; the file's own bytes may differ. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

export interface TensorSpec {
  readonly storage: StorageSpec;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
}

export function floats(key: string, values: ArrayLike<number>): StorageSpec {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return { key, length: data.length, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** A whole tensor in a storage of its own. */
export function plain(key: string, shape: readonly number[], values: ArrayLike<number>): TensorSpec {
  return { storage: floats(key, values), shape };
}

export function wholes(values: readonly number[]): Uint8Array {
  return joined(op.mark, ...values.map(op.whole), op.tuple);
}

export function tensorOps({ storage, offset = 0, shape, strides = rowMajor(shape) }: TensorSpec): Uint8Array {
  return joined(
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    storageOps(storage),
    op.whole(offset),
    wholes(shape),
    wholes(strides),
    op.false,
    op.global('collections', 'OrderedDict'),
    op.emptyTuple,
    op.reduce,
    op.tuple,
    op.reduce,
  );
}

export function storageOps({ type = 'FloatStorage', key, length }: StorageSpec, view = false): Uint8Array {
  return joined(
    op.mark,
    op.text('storage'),
    op.global('torch', type),
    op.text(key),
    op.text('cpu'),
    op.whole(length),
    ...(view ? [op.none] : []),
    op.tuple,
    op.persistent,
  );
}

/** An OrderedDict with `_metadata`, as a state dict is written. */
export function dictOps(entries: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return joined(
    op.global('collections', 'OrderedDict'),
    op.emptyTuple,
    op.reduce,
    op.mark,
    ...Object.entries(entries).flatMap(([name, value]) => [op.text(name), value]),
    op.setItems,
    op.emptyDict,
    op.mark,
    op.text('_metadata'),
    op.global('collections', 'OrderedDict'),
    op.emptyTuple,
    op.reduce,
    op.setItems,
    op.build,
  );
}

export function pickled(...parts: readonly Uint8Array[]): Uint8Array {
  return joined(op.proto, ...parts, op.stop);
}

const magic = 0x1950a86a20f9469cfc6cn;

/** A file of the format before torch 1.6, of an object and the storages that follow it. */
export function legacyFile(object: Uint8Array, storages: readonly StorageSpec[]): Uint8Array {
  return joined(
    pickled(op.long(10, magic)),
    pickled(op.whole(1001)),
    pickled(op.emptyDict, op.mark, op.text('little_endian'), op.true, op.setItems),
    object,
    pickled(op.emptyList, op.mark, ...storages.map(({ key }) => op.text(key)), op.appends),
    ...storages.flatMap(({ length, bytes }) => [uint32(length), uint32(0), bytes]),
  );
}

/** A file of the format since torch 1.6. */
export function archiveFile(
  object: Uint8Array,
  storages: readonly StorageSpec[],
  more: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const entries = {
    'archive/data.pkl': object,
    'archive/byteorder': ascii('little'),
    ...Object.fromEntries(storages.map(({ key, bytes }) => [`archive/data/${key}`, bytes])),
    'archive/version': ascii('3\n'),
    ...more,
  };
  return zipSync(entries, { level: 0, mtime: '1980-01-01' });
}

/** A state dict in both formats. */
export function stateDictFiles(tensors: Readonly<Record<string, TensorSpec>>) {
  const object = pickled(
    dictOps(Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorOps(tensor)]))),
  );
  const storages = [...new Set(Object.values(tensors).map(({ storage }) => storage))];
  return { legacy: legacyFile(object, storages), archive: archiveFile(object, storages) };
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

function rowMajor(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
}
