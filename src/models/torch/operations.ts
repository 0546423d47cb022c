import { TorchFileError } from './contract.ts';
import { expectKind, type Value, type Vocabulary } from './values.ts';

/** The state of reading a pickle: a stack, marks on it, and what is kept under a number. */
export interface Machine {
  readonly bytes: Uint8Array;
  at: number;
  readonly stack: Value[];
  /** Heights of the stack. */
  readonly marks: number[];
  readonly memo: Map<number, Value>;
  readonly vocabulary: Vocabulary;
  ended: boolean;
}

const mostMarks = 64;
const mostMemos = 200_000;
const mostValues = 200_000;
/** Names of parameters have a few dozen bytes. */
const longestText = 1024;
/** A whole number of more than 16 bytes names nothing in a file. */
const longestNumber = 16;
const newestProtocol = 5;

type Operation = (m: Machine) => void;

const code = (character: string) => character.charCodeAt(0);

/** The operations by their byte that torch's pickles are made of. */
export const operations: Readonly<Record<number, Operation>> = {
  0x80: (m) => {
    const protocol = uint(m, 1);
    if (protocol > newestProtocol)
      throw new TorchFileError(`its pickle has the unknown protocol ${protocol}`);
  },
  // Frames only tell a reader how much to fetch.
  0x95: (m) => void take(m, 8),
  [code('.')]: (m) => {
    if (m.marks.length > 0) throw new TorchFileError('its pickle ends inside of a group');
    m.ended = true;
  },
  [code('(')]: (m) => {
    if (m.marks.length === mostMarks)
      throw new TorchFileError(`its pickle is more than ${mostMarks} groups deep`);
    m.marks.push(m.stack.length);
  },

  [code('N')]: (m) => push(m, null),
  0x88: (m) => push(m, true),
  0x89: (m) => push(m, false),
  [code('K')]: (m) => push(m, uint(m, 1)),
  [code('M')]: (m) => push(m, uint(m, 2)),
  [code('J')]: (m) => push(m, uint(m, 4) | 0),
  0x8a: (m) => push(m, longNumber(m)),
  [code('G')]: (m) => push(m, Buffer.from(take(m, 8)).readDoubleBE()),
  [code('X')]: (m) => push(m, text(m, uint(m, 4))),
  0x8c: (m) => push(m, text(m, uint(m, 1))),
  // Texts of Python 2.
  [code('U')]: (m) => push(m, text(m, uint(m, 1))),
  [code('T')]: (m) => push(m, text(m, uint(m, 4))),

  [code(')')]: (m) => push(m, { kind: 'tuple', items: [] }),
  0x85: (m) => push(m, { kind: 'tuple', items: popped(m, 1) }),
  0x86: (m) => push(m, { kind: 'tuple', items: popped(m, 2) }),
  0x87: (m) => push(m, { kind: 'tuple', items: popped(m, 3) }),
  [code('t')]: (m) => push(m, { kind: 'tuple', items: group(m) }),
  [code(']')]: (m) => push(m, { kind: 'list', items: [] }),
  [code('a')]: (m) => append(m, popped(m, 1)),
  [code('e')]: (m) => append(m, group(m)),
  [code('}')]: (m) => push(m, { kind: 'dict', entries: new Map() }),
  [code('s')]: (m) => setItems(m, popped(m, 2)),
  [code('u')]: (m) => setItems(m, group(m)),

  [code('q')]: (m) => keep(m, uint(m, 1)),
  [code('r')]: (m) => keep(m, uint(m, 4)),
  0x94: (m) => keep(m, m.memo.size),
  [code('h')]: (m) => push(m, kept(m, uint(m, 1))),
  [code('j')]: (m) => push(m, kept(m, uint(m, 4))),

  [code('c')]: (m) => pushName(m, line(m), line(m)),
  0x93: (m) => {
    const [module, name] = popped(m, 2);
    if (typeof module !== 'string' || typeof name !== 'string')
      throw new TorchFileError('its pickle names a class by something that is no text');
    pushName(m, module, name);
  },
  [code('R')]: (m) => {
    const [callable, values] = popped(m, 2);
    const { name } = expectKind(callable, 'name', 'what its pickle calls');
    push(m, m.vocabulary.make(name, expectKind(values, 'tuple', `what ${name} is given`).items));
  },
  // A state dict carries `_metadata` this way, which says nothing of its tensors.
  [code('b')]: (m) => {
    const [object, state] = popped(m, 2);
    expectKind(object, 'dict', 'what its pickle gives a state');
    expectKind(state, 'dict', 'the state that its pickle gives');
    push(m, object!);
  },
  [code('Q')]: (m) => push(m, m.vocabulary.outside(popped(m, 1)[0]!)),
};

/** Those that Python's pickles may have besides, for the error message. */
export const refusedOperations: Readonly<Record<number, string>> = {
  [code('i')]: 'INST',
  [code('o')]: 'OBJ',
  0x81: 'NEWOBJ',
  0x92: 'NEWOBJ_EX',
  0x82: 'EXT1',
  0x83: 'EXT2',
  0x84: 'EXT4',
  [code('P')]: 'PERSID',
  [code('0')]: 'POP',
  [code('1')]: 'POP_MARK',
  [code('2')]: 'DUP',
  [code('I')]: 'INT',
  [code('L')]: 'LONG',
  0x8b: 'LONG4',
  [code('F')]: 'FLOAT',
  [code('S')]: 'STRING',
  [code('V')]: 'UNICODE',
  0x8d: 'BINUNICODE8',
  [code('B')]: 'BINBYTES',
  [code('C')]: 'SHORT_BINBYTES',
  0x8e: 'BINBYTES8',
  0x96: 'BYTEARRAY8',
  0x97: 'NEXT_BUFFER',
  0x98: 'READONLY_BUFFER',
  [code('l')]: 'LIST',
  [code('d')]: 'DICT',
  0x8f: 'EMPTY_SET',
  0x90: 'ADDITEMS',
  0x91: 'FROZENSET',
  [code('p')]: 'PUT',
  [code('g')]: 'GET',
};

function take(m: Machine, length: number): Uint8Array {
  if (m.at + length > m.bytes.length) throw new TorchFileError('it ends in the middle of its pickle');
  m.at += length;
  return m.bytes.subarray(m.at - length, m.at);
}

/** Little-endian. */
function uint(m: Machine, size: 1 | 2 | 4): number {
  return Buffer.from(take(m, size)).readUIntLE(0, size);
}

/** Two's complement, little-endian. */
function longNumber(m: Machine): number | bigint {
  const length = uint(m, 1);
  if (length > longestNumber) throw new TorchFileError(`its pickle has a number of ${length} bytes`);
  if (length === 0) return 0;
  const hex = Buffer.from(take(m, length).toReversed()).toString('hex');
  const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function text(m: Machine, length: number): string {
  if (length > longestText) throw new TorchFileError(`its pickle has a text of ${length} bytes`);
  return Buffer.from(take(m, length)).toString('utf8');
}

function line(m: Machine): string {
  const end = m.bytes.subarray(m.at, m.at + longestText).indexOf(0x0a);
  if (end === -1) throw new TorchFileError('its pickle names a class without an end');
  const found = text(m, end);
  m.at++;
  return found;
}

function push(m: Machine, value: Value): void {
  if (m.stack.length === mostValues)
    throw new TorchFileError(`its pickle stacks more than ${mostValues} values`);
  m.stack.push(value);
}

function pushName(m: Machine, module: string, own: string): void {
  const name = `${module}.${own}`;
  m.vocabulary.allow(name);
  push(m, { kind: 'name', name });
}

/** The last `count` values, which must lie above the last mark. */
function popped(m: Machine, count: number): Value[] {
  if (m.stack.length - count < (m.marks.at(-1) ?? 0))
    throw new TorchFileError('its pickle takes more than there is');
  return m.stack.splice(m.stack.length - count, count);
}

/** All above the last mark, and the mark is gone. */
function group(m: Machine): Value[] {
  const mark = m.marks.pop();
  if (mark === undefined) throw new TorchFileError('its pickle ends a group that it did not begin');
  return m.stack.splice(mark);
}

function append(m: Machine, values: readonly Value[]): void {
  const list = expectKind(m.stack.at(-1), 'list', 'what its pickle appends to');
  for (const value of values) list.items.push(value);
}

function setItems(m: Machine, pairs: readonly Value[]): void {
  const { entries } = expectKind(m.stack.at(-1), 'dict', 'what its pickle sets items of');
  if (pairs.length % 2 > 0) throw new TorchFileError('its pickle has a key without a value');
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i]!;
    if (typeof key !== 'string') throw new TorchFileError('its pickle has a key that is no text');
    if (entries.has(key)) throw new TorchFileError(`its pickle has the key '${key.slice(0, 80)}' twice`);
    entries.set(key, pairs[i + 1]!);
  }
}

function keep(m: Machine, place: number): void {
  const value = m.stack.at(-1);
  if (value === undefined) throw new TorchFileError('its pickle keeps a value that is not there');
  if (m.memo.size === mostMemos) throw new TorchFileError(`its pickle keeps more than ${mostMemos} values`);
  m.memo.set(place, value);
}

function kept(m: Machine, place: number): Value {
  const value = m.memo.get(place);
  if (value === undefined)
    throw new TorchFileError(`its pickle asks for value ${place}, which it did not keep`);
  return value;
}
