import { TorchFileError } from './contract.ts';
import { elementTypes } from './elements.ts';
import {
  expectKind,
  nameOf,
  type StorageRef,
  type TensorRef,
  type Value,
  type Vocabulary,
} from './values.ts';

const mostTensors = 10_000;
const deepestRank = 8;

/** What a call of each name makes. They follow `torch/_utils.py`; hooks and gradients mean nothing here. */
const makers: Readonly<Record<string, (values: readonly Value[], name: string) => Value>> = {
  'collections.OrderedDict': (values, name) => {
    if (values.length > 0) throw new TorchFileError(`${name} is given ${values.length} values and not none`);
    return { kind: 'dict', entries: new Map() };
  },
  'torch.Size': ([sizes], name) => expectKind(sizes, 'tuple', `what ${name} is given`),
  // (tensor, requires_grad, backward_hooks)
  'torch._utils._rebuild_parameter': ([tensor], name) =>
    expectKind(tensor, 'tensor', `what ${name} is given`),
  // (storage, storage_offset, size, stride)
  'torch._utils._rebuild_tensor': tensorOf,
  // … and (requires_grad, backward_hooks, metadata)
  'torch._utils._rebuild_tensor_v2': tensorOf,
};

/**
 * The names and references of torch's own pickles: an allow-list. Storages count as one when they have one key, and must
 * then have one type and length.
 */
export function createTorchVocabulary(): Vocabulary & { readonly storages: ReadonlyMap<string, StorageRef> } {
  const storages = new Map<string, StorageRef>();
  let tensors = 0;

  return {
    storages,

    allow(name) {
      if (Object.hasOwn(makers, name) || Object.hasOwn(elementTypes, name)) return;
      throw new TorchFileError(`its pickle names ${printable(name)}, which a state dict does not need`);
    },

    make(name, values) {
      const maker = Object.hasOwn(makers, name) ? makers[name] : undefined;
      if (!maker) throw new TorchFileError(`its pickle calls ${printable(name)}, which is only a type here`);
      if (++tensors > mostTensors)
        throw new TorchFileError(`its pickle makes more than ${mostTensors} tensors`);
      return maker(values, name);
    },

    outside(id) {
      const found = storageOf(expectKind(id, 'tuple', 'the reference of its pickle').items);
      const { key, type, length } = found;
      const known = storages.get(key);
      if (!known) {
        storages.set(key, found);
        return found;
      }
      if (known.type === type && known.length === length) return known;
      throw new TorchFileError(`its pickle says two different things of storage ${key}`);
    },
  };
}

/** `('storage', type, key, location, length)`, and in the older format the view's key, offset and size, or None. */
function storageOf([tag, type, key, , length, view = null]: readonly Value[]): StorageRef {
  if (tag !== 'storage') throw new TorchFileError('its pickle refers to something else than a storage');
  const { name } = expectKind(type, 'name', 'the type of a storage');
  if (!Object.hasOwn(elementTypes, name)) throw new TorchFileError(`${name} is no type of a storage`);
  // In a zip archive it is part of an entry's name.
  if (typeof key !== 'string' || !/^\d{1,20}$/.test(key))
    throw new TorchFileError('the key of a storage is not a number');
  if (view !== null) throw new TorchFileError(`storage ${key} is a view, as torch before 0.4 had it`);
  return { kind: 'storage', key, type: name, length: whole(length, `the length of storage ${key}`) };
}

function tensorOf([storage, offset, shape, strides]: readonly Value[], name: string): TensorRef {
  const tensor = {
    kind: 'tensor' as const,
    storage: expectKind(storage, 'storage', `what ${name} is given`),
    offset: whole(offset, "a tensor's offset"),
    shape: wholes(shape, "a tensor's shape"),
    strides: wholes(strides, "a tensor's strides"),
  };
  if (tensor.shape.length !== tensor.strides.length)
    throw new TorchFileError('a tensor has another number of strides than of sides');
  return tensor;
}

function wholes(value: Value | undefined, where: string): readonly number[] {
  const { items } = expectKind(value, 'tuple', where);
  if (items.length > deepestRank) throw new TorchFileError(`a tensor has ${items.length} dimensions`);
  return items.map((item) => whole(item, where));
}

function whole(value: Value | undefined, where: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  const found = typeof value === 'number' || typeof value === 'bigint' ? String(value) : nameOf(value);
  throw new TorchFileError(`${where} is ${found} and not a whole number from 0 on`);
}

/** A name from a hostile file, fit for a terminal. */
function printable(name: string): string {
  return `'${name.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, '?')}'`;
}
