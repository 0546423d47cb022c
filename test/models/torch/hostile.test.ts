import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { zipSync } from 'fflate';
import { MusterError } from '../../../src/lib/errors.ts';
import { readTensors } from '../../../src/models/torch/read.ts';
import {
  archiveFile,
  ascii,
  dictOps,
  floats,
  joined,
  legacyFile,
  op,
  pickled,
  plain,
  stateDictFiles,
  storageOps,
  tensorOps,
  wholes,
} from '../support/torch-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** What the hostile files would make if one of their calls were carried out. */
const mark = join(folder, 'executed');
const shell = joined(op.mark, op.text(`touch ${mark}`), op.tuple);
const python = joined(op.mark, op.text(`open('${mark}', 'w')`), op.tuple);

const good = plain('0', [2, 2], [1, 2, 3, 4]);
const bad = (pieces: Partial<typeof good> & { strides?: readonly number[]; offset?: number }) =>
  pickled(dictOps({ a: tensorOps({ ...good, ...pieces }) }));
const repeated = (times: number, piece: Uint8Array) =>
  Uint8Array.from({ length: times * piece.length }, (_, i) => piece[i % piece.length]!);
/** MEMOIZE takes the next place each time. */
const manyMemos = (count: number) => new Uint8Array(count).fill(0x94);
const orderedDict = joined(op.global('collections', 'OrderedDict'), op.emptyTuple, op.reduce);

/** Pickles, and the words that must say why they are refused. */
const pickles: readonly (readonly [name: string, object: Uint8Array, reason: string | RegExp])[] = [
  ['GLOBAL and REDUCE: os.system', pickled(op.global('os', 'system'), shell, op.reduce), "'os.system'"],
  ['posix.system', pickled(op.global('posix', 'system'), shell, op.reduce), "'posix.system'"],
  ['subprocess.Popen', pickled(op.global('subprocess', 'Popen'), shell, op.reduce), "'subprocess.Popen'"],
  ['builtins.eval', pickled(op.global('builtins', 'eval'), python, op.reduce), "'builtins.eval'"],
  ['builtins.exec', pickled(op.global('builtins', 'exec'), python, op.reduce), "'builtins.exec'"],
  ['__builtin__.eval', pickled(op.global('__builtin__', 'eval'), python, op.reduce), "'__builtin__.eval'"],
  ['builtins.getattr', pickled(op.global('builtins', 'getattr'), python, op.reduce), "'builtins.getattr'"],
  ['runpy', pickled(op.global('runpy', '_run_code'), python, op.reduce), "'runpy._run_code'"],
  [
    'a loader in a loader',
    pickled(op.global('torch.storage', '_load_from_bytes'), python, op.reduce),
    "_load_from_bytes'",
  ],
  [
    'a model class of torch',
    pickled(op.global('torch.nn.modules.linear', 'Linear'), python, op.reduce),
    "linear.Linear'",
  ],
  [
    'a name of the prototype',
    pickled(op.global('constructor', 'constructor'), python, op.reduce),
    "'constructor.constructor'",
  ],
  ['the name __proto__', pickled(op.global('__proto__', ''), python, op.reduce), "'__proto__.'"],
  [
    'a dotted way round',
    pickled(op.global('collections', 'OrderedDict.__init__.__globals__'), python, op.reduce),
    "'collections.OrderedDict.__init__.__globals__'",
  ],
  ['control characters in a name', pickled(op.global('\u001b[2J', 'x')), "'?[2J.x'"],
  [
    'STACK_GLOBAL',
    pickled(op.text('os'), op.text('system'), op.stackGlobal, shell, op.reduce),
    "'os.system'",
  ],
  ['STACK_GLOBAL of what is no text', pickled(op.none, op.text('system'), op.stackGlobal), 'no text'],
  ['INST', pickled(op.mark, op.text(`touch ${mark}`), op.instance('os', 'system')), 'INST'],
  ['OBJ', pickled(op.mark, op.global('collections', 'OrderedDict'), op.object), 'OBJ'],
  ['NEWOBJ', pickled(op.global('collections', 'OrderedDict'), op.emptyTuple, op.newObject), 'NEWOBJ'],
  [
    'NEWOBJ_EX',
    pickled(op.global('collections', 'OrderedDict'), op.emptyTuple, op.emptyDict, op.newObjectEx),
    'NEWOBJ_EX',
  ],
  ['BUILD on a tensor', pickled(tensorOps(good), op.emptyDict, op.build), 'a tensor and not a dict'],
  [
    'BUILD with __setstate__ of a tuple',
    pickled(orderedDict, op.emptyTuple, op.build),
    'a tuple and not a dict',
  ],
  ['the extension registry', pickled(op.extension(1)), 'EXT1'],
  ['a call of what a call gave', pickled(orderedDict, op.emptyTuple, op.reduce), 'a dict and not a name'],
  ['a call of a type', pickled(op.global('torch', 'FloatStorage'), op.emptyTuple, op.reduce), 'only a type'],
  [
    'a call with no tuple',
    pickled(op.global('collections', 'OrderedDict'), op.emptyList, op.reduce),
    'a list and not a tuple',
  ],
  [
    'an OrderedDict made of pairs',
    pickled(op.global('collections', 'OrderedDict'), wholes([1]), op.reduce),
    'given 1 values',
  ],
  [
    'a reference to another place',
    pickled(op.text('file:///etc/passwd'), op.persistent),
    'a string and not a tuple',
  ],
  [
    'a reference that is no storage',
    pickled(op.mark, op.text('module'), op.tuple, op.persistent),
    'something else than a storage',
  ],
  [
    'a storage of a type that is none',
    pickled(
      joined(
        op.mark,
        op.text('storage'),
        op.global('collections', 'OrderedDict'),
        op.text('0'),
        op.text('cpu'),
        op.whole(1),
        op.tuple,
        op.persistent,
      ),
    ),
    'no type of a storage',
  ],
  [
    'a storage key that is a path',
    pickled(storageOps({ ...good.storage, key: '../../version' })),
    'not a number',
  ],
  [
    'a storage of negative length',
    pickled(storageOps({ ...good.storage, length: -1 })),
    'the length of storage 0 is -1',
  ],
  [
    'one storage with two lengths',
    pickled(
      dictOps({ a: tensorOps(good), b: tensorOps({ ...good, storage: { ...good.storage, length: 3 } }) }),
    ),
    'two different things',
  ],
  ['an opcode that is none', pickled(Uint8Array.of(0xff)), '0xff, is no operation'],
  ['a protocol of the future', joined(Uint8Array.of(0x80, 9), op.none, op.stop), 'unknown protocol 9'],
  ['an empty stack', pickled(), 'does not end with one value'],
  ['two values', pickled(op.none, op.none), 'does not end with one value'],
  ['too few values', pickled(op.none, op.reduce), 'takes more than there is'],
  [
    'values from below a mark',
    pickled(op.global('collections', 'OrderedDict'), op.mark, op.emptyTuple, op.reduce),
    'takes more than there is',
  ],
  ['a group without a beginning', pickled(op.tuple), 'did not begin'],
  ['a group without an end', pickled(op.none, op.mark), 'inside of a group'],
  ['a memo that is not there', pickled(op.get(4_000_000)), 'value 4000000'],
  ['a memo of nothing', pickled(op.put(0)), 'not there'],
  ['200,001 memos', pickled(op.none, manyMemos(200_001)), 'more than 200000 values'],
  [
    'a million steps',
    pickled(op.emptyList, repeated(400_000, joined(op.none, op.append, op.put(0)))),
    'more than 1000000 steps',
  ],
  ['200,001 values on the stack', pickled(repeated(200_001, op.none)), 'stacks more than'],
  ['65 groups in each other', pickled(repeated(65, op.mark)), 'groups deep'],
  ['a list in itself', pickled(op.emptyList, op.put(0), op.get(0), op.append), 'a list and not a'],
  [
    'a state dict in itself',
    pickled(orderedDict, op.put(0), op.mark, op.text('self'), op.get(0), op.setItems),
    'a dict and not a tensor',
  ],
  [
    '10,001 tensors',
    pickled(op.emptyList, repeated(10_001, joined(orderedDict, op.append))),
    'more than 10000 tensors',
  ],
  [
    'a text of 4 GB',
    pickled(joined(ascii('X'), Uint8Array.of(255, 255, 255, 255))),
    'a text of 4294967295 bytes',
  ],
  ['a number of 255 bytes', pickled(Uint8Array.of(0x8a, 255)), 'a number of 255 bytes'],
  [
    'a name twice',
    pickled(dictOps({ a: tensorOps(good) }), op.mark, op.text('a'), op.none, op.setItems),
    "the key 'a' twice",
  ],
  ['a key that is no text', pickled(orderedDict, op.mark, op.whole(1), op.none, op.setItems), 'no text'],
  ['a key without a value', pickled(orderedDict, op.mark, op.text('a'), op.setItems), 'without a value'],

  ['a tensor beyond its storage', bad({ offset: 1 }), 'reaches to value 4 of storage 0, which has 4'],
  ['a tensor far beyond its storage', bad({ shape: [1 << 30, 1 << 30] }), 'of storage 0, which has 4'],
  ['a negative offset', bad({ offset: -1 }), "a tensor's offset is -1"],
  ['a negative stride', bad({ strides: [2, -1] }), "a tensor's strides is -1"],
  ['a negative side', bad({ shape: [-2, 2] }), "a tensor's shape is -2"],
  ['a billion values of one place', bad({ shape: [1 << 30], strides: [0] }), 'overlap'],
  ['overlapping rows', bad({ shape: [2, 2], strides: [1, 1] }), 'overlap'],
  ['strides of another rank', bad({ strides: [1] }), 'another number of strides'],
  ['nine dimensions', bad({ shape: Array.from({ length: 9 }, () => 1) }), '9 dimensions'],
  [
    'a shape that is no list of numbers',
    pickled(
      op.global('torch._utils', '_rebuild_tensor_v2'),
      op.mark,
      storageOps(good.storage),
      op.whole(0),
      op.text('ab'),
      wholes([1]),
      op.tuple,
      op.reduce,
    ),
    'a string and not a tuple',
  ],
  [
    'a size that no double holds',
    pickled(
      op.global('torch._utils', '_rebuild_tensor_v2'),
      op.mark,
      storageOps(good.storage),
      op.long(16, 1n << 100n),
      wholes([1]),
      wholes([1]),
      op.tuple,
      op.reduce,
    ),
    'is 1267650600228229401496703205376',
  ],
  [
    'a tensor without a storage',
    pickled(op.global('torch._utils', '_rebuild_tensor_v2'), wholes([1, 2, 3, 4]), op.reduce),
    'a number and not a storage',
  ],
  [
    '1,000 tensors of one storage',
    pickled(
      dictOps(
        Object.fromEntries(
          Array.from({ length: 1000 }, (_, i) => [
            `t${i}`,
            tensorOps({ storage: floats('0', new Float32Array(2000)), shape: [2000] }),
          ]),
        ),
      ),
    ),
    /has (4 values and not 2000|16 bytes and not 8000)/,
  ],
];

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof MusterError && error.code === 'torch_refused') return error.message;
    throw error;
  }
  return 'not refused';
}

/** Those that the pickle names have to be there, and no others. */
const storagesOf = (object: Uint8Array) =>
  Buffer.from(object).includes('FloatStorage') ? [good.storage] : [];

describe.each([
  ['legacy', (object: Uint8Array) => legacyFile(object, storagesOf(object))],
  ['archive', (object: Uint8Array) => archiveFile(object, [good.storage])],
] as const)('a hostile file of the format %s is refused and not executed:', (_, file) => {
  it.each(pickles)('%s', (_name, object, reason) => {
    const bytes = file(object);
    const message = refusal(() => readTensors(bytes, 'upload.pt'));
    expect(message).toMatch(/^upload\.pt is refused: /);
    expect(message).toMatch(reason);
    expect(existsSync(mark)).toBe(false);
  });
});

it('many tensors that share a storage do not become more than the file', () => {
  const storage = floats('0', new Float32Array(5000));
  const files = stateDictFiles(
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, { storage, shape: [5000] }])),
  );
  for (const file of Object.values(files))
    expect(refusal(() => readTensors(file))).toContain('larger than itself');
});

const { archive, legacy } = stateDictFiles({ a: good, b: plain('1', [3], [5, 6, 7]) });

it.each([
  ['legacy', legacy],
  ['archive', archive],
] as const)('a file of the format %s that is cut anywhere is refused', (_, whole) => {
  for (let length = 0; length < whole.length; length++)
    expect(refusal(() => readTensors(whole.subarray(0, length)))).not.toBe('not refused');
});

it.each([
  ['legacy', legacy],
  ['archive', archive],
] as const)(
  'a file of the format %s with any byte changed is refused or read, and nothing else',
  (_, whole) => {
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const broken = whole.slice();
        broken[at]! ^= flip;
        expect(refusal(() => readTensors(broken))).toMatch(/not refused|is refused/);
      }
    }
  },
);

const object = pickled(dictOps({ a: tensorOps(good) }));
const block = new Uint8Array(40_000);
const entryMark = 'PK\u0001\u0002';

const files: readonly (readonly [name: string, bytes: Uint8Array, reason: string])[] = [
  ['another file', ascii('hello, world'), 'no file of torch.save'],
  ['nothing', new Uint8Array(0), 'no file of torch.save'],
  ['another magic number', legacyFile(object, [good.storage]).with(5, 0), 'magic number'],
  [
    'bytes behind the storages',
    joined(legacyFile(object, [good.storage]), Uint8Array.of(0)),
    '1 bytes behind its end',
  ],
  [
    'a storage that is listed twice',
    legacyFile(object, [good.storage, good.storage]),
    'not that of its tensors',
  ],
  [
    'a storage that no tensor has',
    legacyFile(object, [good.storage, floats('9', [1])]),
    'not that of its tensors',
  ],
  ['a storage that is not listed', legacyFile(object, []), 'storage 0 is missing'],
  [
    'a storage of another length',
    legacyFile(object, [{ ...good.storage, length: 5 }]),
    'has 5 values and not 4',
  ],
  ['a storage of negative length', legacyFile(object, [{ ...good.storage, length: -1 }]), 'has'],
  ['a missing entry', archiveFile(object, []), 'storage 0 has no bytes'],
  [
    'an entry of another length',
    archiveFile(object, [{ ...good.storage, bytes: new Uint8Array(15) }]),
    '15 bytes and not 16',
  ],
  [
    'a compressed entry (a zip bomb)',
    zipSync({ 'a/data.pkl': object, 'a/data/0': new Uint8Array(50_000_000) }),
    'compressed',
  ],
  [
    'an entry that leads upwards',
    archiveFile(object, [good.storage], { 'archive/../../x': object }),
    'leads elsewhere',
  ],
  [
    'an entry with an absolute path',
    archiveFile(object, [good.storage], { '/etc/passwd': object }),
    'leads elsewhere',
  ],
  [
    'an entry with a backslash',
    archiveFile(object, [good.storage], { 'archive\\x': object }),
    'leads elsewhere',
  ],
  [
    'an entry named as the prototype',
    archiveFile(object, [good.storage], { __proto__x: object }),
    'leads elsewhere',
  ],
  [
    'two pickles',
    archiveFile(object, [good.storage], { 'other/data.pkl': object }),
    '2 entries <name>/data.pkl',
  ],
  ['no pickle', zipSync({ 'a/b': object }, { level: 0 }), '0 entries <name>/data.pkl'],
  [
    'a TorchScript program',
    archiveFile(object, [good.storage], { 'archive/constants.pkl': object }),
    'TorchScript',
  ],
  [
    'a big-endian machine',
    archiveFile(object, [good.storage], { 'archive/byteorder': ascii('big') }),
    'big-endian',
  ],
  [
    'bytes behind the pickle',
    archiveFile(joined(object, op.none), [good.storage]),
    'behind the end of its pickle',
  ],
  [
    'an entry twice',
    twice(archiveFile(object, [good.storage], { 'archive/data/1': new Uint8Array(16) })),
    'the entry archive/data/0 twice',
  ],
  ['a list of entries without an end', endless(archiveFile(object, [good.storage])), 'refused'],
  [
    'entries larger than the archive',
    claiming(archiveFile(object, [good.storage]), 0x7fffffff),
    'larger than itself',
  ],
  [
    'entries that lie upon each other (a zip bomb without compression)',
    onEachOther(archiveFile(object, [good.storage], { 'archive/x': block, 'archive/y': new Uint8Array() })),
    'lie upon each other',
  ],
  [
    '20,001 entries',
    zipSync(Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`a/${i}`, block.subarray(0, 0)])), {
      level: 0,
    }),
    'more than 20000 entries',
  ],
  [
    'an entry that lies behind the end',
    patched(archiveFile(object, [good.storage]), (bytes, entry) =>
      bytes.writeUInt32LE(0xfffffff0, entry + 42),
    ),
    'cut or damaged',
  ],
  [
    'an entry whose header reaches behind the end',
    patched(archiveFile(object, [good.storage]), (bytes, entry) =>
      bytes.writeUInt16LE(0xffff, bytes.readUInt32LE(entry + 42) + 28),
    ),
    'cut or damaged',
  ],
  [
    'a list of entries behind the end',
    patched(archiveFile(object, [good.storage]), (bytes) =>
      bytes.writeUInt32LE(0xffffffff, bytes.length - 6),
    ),
    'leads elsewhere',
  ],
  [
    'a zip64 record of four billion entries elsewhere',
    zip64(archiveFile(object, [good.storage]), { entries: 0xffffffff, list: 0xfffffff0 }),
    'leads elsewhere',
  ],
  [
    'a zip64 record of four billion entries, where there are four',
    zip64(archiveFile(object, [good.storage]), { entries: 0xffffffff }),
    'leads elsewhere',
  ],
  [
    'an entry of 16 exabytes (zip64)',
    zip64(
      patched(archiveFile(object, [good.storage]), (bytes, entry) => {
        bytes.writeUInt32LE(0xffffffff, entry + 20);
        bytes.writeUInt32LE(0xffffffff, entry + 24);
      }),
    ),
    'cut or damaged',
  ],
  [
    'a compression that is none',
    patched(archiveFile(object, [good.storage]), (bytes, entry) => bytes.writeUInt16LE(99, entry + 10)),
    'is compressed',
  ],
  ['an archive with nothing in it', zipSync({}), '0 entries <name>/data.pkl'],
  ['an archive that is only its beginning', Uint8Array.of(0x50, 0x4b, 3, 4), 'cut or damaged'],
  [
    'a storage of a type that is unknown',
    archiveFile(
      pickled(
        dictOps({ a: tensorOps({ ...good, storage: { ...good.storage, type: 'ComplexFloatStorage' } }) }),
      ),
      [good.storage],
    ),
    "'torch.ComplexFloatStorage'",
  ],
  [
    'a storage that says another type than it has',
    archiveFile(
      pickled(dictOps({ a: tensorOps({ ...good, storage: { ...good.storage, type: 'DoubleStorage' } }) })),
      [good.storage],
    ),
    '16 bytes and not 32',
  ],
];

it.each(files)('refuses %s', (_, bytes, reason) => {
  expect(refusal(() => readTensors(bytes))).toContain(reason);
  expect(existsSync(mark)).toBe(false);
});

it('these are more than 150 different files', () => {
  const all = [
    ...pickles.flatMap(([, hostile]) => [legacyFile(hostile, storagesOf(hostile)), archiveFile(hostile, [])]),
    ...files.map(([, bytes]) => bytes),
  ];
  expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('latin1'))).size).toBeGreaterThan(150);
});

/** The second storage's entry takes the first one's name. */
function twice(archiveBytes: Uint8Array): Uint8Array {
  return ascii(Buffer.from(archiveBytes).toString('latin1').replaceAll('archive/data/1', 'archive/data/0'));
}

/** The archive says that it has 65,535 entries. */
function endless(archiveBytes: Uint8Array): Uint8Array {
  const bytes = archiveBytes.slice();
  bytes.set([0xff, 0xff, 0xff, 0xff], bytes.length - 22 + 8);
  return bytes;
}

/** The last entry says that it has `size` bytes. */
function claiming(archiveBytes: Uint8Array, size: number): Uint8Array {
  return patched(archiveBytes, (bytes, entry) => {
    bytes.writeUInt32LE(size, entry + 20);
    bytes.writeUInt32LE(size, entry + 24);
  });
}

/** The last entry is the same place and bytes as the one before it. */
function onEachOther(archiveBytes: Uint8Array): Uint8Array {
  return patched(archiveBytes, (bytes, entry) => {
    const before = bytes.lastIndexOf(entryMark, entry - 1, 'latin1');
    for (const field of [16, 20, 24, 42])
      bytes.copy(bytes, entry + field, before + field, before + field + 4);
  });
}

/** The list of entries is told by a record of zip64 (APPNOTE 4.3.14 and 4.3.15), with these figures in place of the right ones. */
function zip64(
  archiveBytes: Uint8Array,
  { entries, list }: { readonly entries?: number; readonly list?: number } = {},
): Uint8Array {
  const end = Buffer.from(archiveBytes.subarray(-22));
  const record = Buffer.alloc(56);
  record.write('PK\u0006\u0006', 'latin1');
  record.writeUInt32LE(44, 4);
  record.writeUInt32LE(entries ?? end.readUInt16LE(8), 32);
  record.writeUInt32LE(list ?? end.readUInt32LE(16), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\u0006\u0007', 'latin1');
  locator.writeUInt32LE(archiveBytes.length - 22, 8);
  return joined(archiveBytes.subarray(0, -22), record, locator, end);
}

/** A copy in which `patch` changes something; it is told where the last entry stands in the list of entries. */
function patched(archiveBytes: Uint8Array, patch: (bytes: Buffer, entry: number) => unknown): Uint8Array {
  const bytes = Buffer.from(archiveBytes);
  patch(bytes, bytes.lastIndexOf(entryMark, undefined, 'latin1'));
  return new Uint8Array(bytes);
}
