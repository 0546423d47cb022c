import { TorchFileError } from './contract.ts';
import { elementTypes } from './elements.ts';
import { readPickle } from './pickle.ts';
import { expectKind, type Content, type Value } from './values.ts';
import { createTorchVocabulary } from './vocabulary.ts';

/** `0x1950a86a20f9469cfc6c`, which the first pickle of the file is. */
const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;

/** Whether the bytes begin like a file of the format before torch 1.6. */
export function looksLegacy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[2] === 0x8a;
}

/**
 * Reads the format of `torch.save` before 1.6: pickles of the magic number, the protocol, the machine, the object and the
 * storages' keys, and then each storage as its length (int64) and its values. Throws TorchFileError.
 */
export function readLegacy(bytes: Uint8Array): Content {
  const vocabulary = createTorchVocabulary();
  let at = 0;
  const next = (): Value => {
    const { value, end } = readPickle(bytes, at, vocabulary);
    at = end;
    return value;
  };
  if (next() !== magic) throw new TorchFileError('it does not begin with the magic number of torch.save');
  if (next() !== protocol) throw new TorchFileError('it has another protocol than 1001');
  if (expectKind(next(), 'dict', 'its note on the machine').entries.get('little_endian') !== true)
    throw new TorchFileError('it was written on a big-endian machine');
  const value = next();
  const keys = expectKind(next(), 'list', 'its list of storages').items;

  const storages = new Map<string, Uint8Array>();
  for (const key of keys) {
    const ref = typeof key === 'string' ? vocabulary.storages.get(key) : undefined;
    if (!ref || storages.has(ref.key))
      throw new TorchFileError('its list of storages is not that of its tensors');
    if (at + 8 > bytes.length) throw new TorchFileError('it ends before its storages do');
    const length = Number(Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).readBigInt64LE());
    if (length !== ref.length)
      throw new TorchFileError(`storage ${ref.key} has ${length} values and not ${ref.length}`);
    const size = length * elementTypes[ref.type]!.size;
    at += 8;
    if (at + size > bytes.length) throw new TorchFileError('it ends before its storages do');
    storages.set(ref.key, bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) throw new TorchFileError(`there are ${bytes.length - at} bytes behind its end`);
  return { value, storage: ({ key }) => storages.get(key) };
}
