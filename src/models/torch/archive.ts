import { unzipSync } from 'fflate';
import { TorchFileError } from './contract.ts';
import { elementTypes } from './elements.ts';
import { readPickle } from './pickle.ts';
import type { Content } from './values.ts';
import { createTorchVocabulary } from './vocabulary.ts';

const mostEntries = 20_000;

/** What an entry takes beside its bytes: its name and a header, where it stands and in the list at the end (APPNOTE 4.3). */
const headers = 30 + 46;

/** Whether the bytes begin like a file of the format since torch 1.6. */
export function looksLikeArchive(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

/**
 * Reads the format of `torch.save` since 1.6: a zip archive of `<name>/data.pkl`, `<name>/data/<key>` and little files about
 * it. torch stores its entries as they are; a compressed one is refused, and so there is nothing that could grow.
 * Throws TorchFileError.
 */
export function readArchive(bytes: Uint8Array): Content {
  const entries = entriesOf(bytes);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle, ...more] = pickles;
  if (pickle === undefined || more.length > 0)
    throw new TorchFileError(`its zip archive has ${pickles.length} entries <name>/data.pkl and not one`);
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (entries.has(`${folder}constants.pkl`))
    throw new TorchFileError('it is a TorchScript program and not a state dict');
  const order = entries.get(`${folder}byteorder`);
  if (order && Buffer.from(order).toString('latin1') !== 'little')
    throw new TorchFileError('it was written on a big-endian machine');

  const vocabulary = createTorchVocabulary();
  const content = entries.get(pickle)!;
  const { value, end } = readPickle(content, 0, vocabulary);
  if (end !== content.length) throw new TorchFileError('there is something behind the end of its pickle');
  for (const { key, type, length } of vocabulary.storages.values()) {
    const found = entries.get(`${folder}data/${key}`)?.length;
    const expected = length * elementTypes[type]!.size;
    if (found !== expected)
      throw new TorchFileError(`storage ${key} has ${found ?? 'no'} bytes and not ${expected}`);
  }
  return { value, storage: ({ key }) => entries.get(`${folder}data/${key}`) };
}

/** The entries by name. The library looks at no sizes, so that this does before it unpacks one. */
function entriesOf(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const sizes = new Map<string, number>();
  let total = 0;
  const files = unzip(bytes, ({ name, size, originalSize, compression }) => {
    if (!isPlain(name)) throw new TorchFileError('its zip archive has an entry whose name leads elsewhere');
    if (sizes.has(name)) throw new TorchFileError(`its zip archive has the entry ${name} twice`);
    if (compression !== 0 || size !== originalSize)
      throw new TorchFileError(`the entry ${name} of its zip archive is compressed, which torch never does`);
    sizes.set(name, size);
    total += size + headers + 2 * name.length;
    if (sizes.size > mostEntries)
      throw new TorchFileError(`its zip archive has more than ${mostEntries} entries`);
    if (total > bytes.length)
      throw new TorchFileError(
        'the entries of its zip archive are larger than itself, or lie upon each other',
      );
    return true;
  });
  const entries = new Map(Object.entries(files));
  for (const [name, size] of sizes) {
    if (entries.get(name)?.length !== size) throw new TorchFileError('its zip archive is cut or damaged');
  }
  return entries;
}

type Entry = Parameters<NonNullable<NonNullable<Parameters<typeof unzipSync>[1]>['filter']>>[0];

function unzip(bytes: Uint8Array, filter: (entry: Entry) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof TorchFileError) throw error;
    throw new TorchFileError('its zip archive is cut or damaged', { cause: error });
  }
}

/** `<name>/…` of letters that file names of torch are made of. */
function isPlain(name: string): boolean {
  return name.length <= 256 && /^[\w .()+-]+(\/[\w.+-]+)+$/.test(name) && !name.split('/').includes('..');
}
