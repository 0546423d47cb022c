import { endianness } from 'node:os';

const swapped = endianness() === 'BE';

/** The raw little-endian float32 bytes of the values: the form of embeddings on disk and in digests. */
export function toLittleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return swapped ? Buffer.from(bytes).swap32() : bytes;
}

/** The values of raw little-endian float32 bytes, in memory of their own (the bytes needn't be aligned). */
export function fromLittleEndian(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  const raw = Buffer.from(values.buffer);
  raw.set(bytes);
  if (swapped) raw.swap32();
  return values;
}

/** The same into memory that is there already, which `read` fills with the bytes. */
export async function readLittleEndian(
  into: Float32Array,
  read: (raw: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const raw = Buffer.from(into.buffer, into.byteOffset, into.byteLength);
  await read(raw);
  if (swapped) raw.swap32();
}
