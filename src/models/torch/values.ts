import { TorchFileError } from './contract.ts';

/** What a pickle may hold here: the plain values of a state dict, and what torch makes of them. */
export type Value =
  null | boolean | number | bigint | string | Tuple | List | Dict | NameOf | StorageRef | TensorRef;

export interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
}

export interface List {
  readonly kind: 'list';
  readonly items: Value[];
}

export interface Dict {
  readonly kind: 'dict';
  readonly entries: Map<string, Value>;
}

/** A class or function that the pickle names. Only names of the vocabulary are made, and none is ever called. */
export interface NameOf {
  readonly kind: 'name';
  /** `torch.FloatStorage`. */
  readonly name: string;
}

/** Names the bytes that lie elsewhere in the file. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly key: string;
  /** `torch.FloatStorage`: what the bytes are. */
  readonly type: string;
  /** Number of values. */
  readonly length: number;
}

/** A window on a storage. Counts and steps are in values, not bytes. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A file of either format, taken apart. */
export interface Content {
  readonly value: Value;
  /** The bytes of a storage. They have the length that the pickle says. */
  storage(ref: StorageRef): Uint8Array | undefined;
}

/** What the names and the outside references of a pickle mean. Each throws TorchFileError for what it does not know. */
export interface Vocabulary {
  /** Throws unless the name is one that a state dict needs. */
  allow(name: string): void;
  /** What `name(*arguments)` makes: a value of ours, computed here. Nothing of the file is run. */
  make(name: string, values: readonly Value[]): Value;
  /** What a persistent id stands for. */
  outside(id: Value): Value;
}

export type KindOf = Exclude<Value, null | boolean | number | bigint | string>['kind'];

/** The value as what it must be; throws TorchFileError, which says where, for any other. */
export function expectKind<K extends KindOf>(
  value: Value | undefined,
  kind: K,
  where: string,
): Extract<Value, { kind: K }> {
  if (typeof value === 'object' && value?.kind === kind) return value as Extract<Value, { kind: K }>;
  throw new TorchFileError(`${where} is ${nameOf(value)} and not a ${kind}`);
}

export function nameOf(value: Value | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'None';
  return typeof value === 'object' ? `a ${value.kind}` : `a ${typeof value}`;
}
