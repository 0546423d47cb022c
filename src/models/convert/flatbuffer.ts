import { ByteBuffer } from 'flatbuffers';

/** Thrown when an offset or a length leads out of the file, or a list is longer than any honest file's. */
export class FlatbufferError extends Error {}

/** One table of a flatbuffer. Fields that the file leaves out read as the default that is passed in. */
export interface Table {
  int8(field: number, standard: number): number;
  int32(field: number, standard: number): number;
  uint32(field: number, standard: number): number;
  float32(field: number, standard: number): number;
  string(field: number): string;
  int32s(field: number): number[];
  /** The bytes of a `[ubyte]` field, as a view on the file. */
  bytes(field: number): Uint8Array;
  table(field: number): Table | undefined;
  tables(field: number, limit?: number): Table[];
}

const longestList = 8192;
const longestString = 4096;

/**
 * The root table of a flatbuffer whose bytes nobody has vouched for: the `flatbuffers` package reads without
 * looking whether an offset lies in the file, so that every read is checked here first. Lists are bounded, so
 * that a small file cannot make the reader walk the same bytes without end.
 *
 * Throws FlatbufferError. Format: https://flatbuffers.dev/internals/
 */
export function readFlatbuffer(bytes: Uint8Array, identifier: string): Table {
  const buffer = new ByteBuffer(bytes);

  function within(position: number, length: number): number {
    if (!Number.isInteger(position) || position < 0 || position + length > bytes.length) {
      throw new FlatbufferError(`an offset leads to byte ${position}, outside of its ${bytes.length}`);
    }
    return position;
  }
  const uint32At = (position: number) => buffer.readUint32(within(position, 4));
  const follow = (position: number) => position + uint32At(position);

  function list(position: number, elementSize: number, limit: number): { start: number; length: number } {
    const start = follow(position);
    const length = uint32At(start);
    if (length > limit) throw new FlatbufferError(`a list claims ${length} entries`);
    within(start + 4, length * elementSize);
    return { start: start + 4, length };
  }

  function tableAt(position: number): Table {
    const vtable = within(position, 4) - buffer.readInt32(position);
    const vtableSize = buffer.readUint16(within(vtable, 4));

    /** Where the field's value is, or undefined where the file leaves the field out. */
    function at(field: number, size: number): number | undefined {
      const slot = 4 + 2 * field;
      if (slot + 2 > vtableSize) return undefined;
      const offset = buffer.readUint16(within(vtable + slot, 2));
      return offset === 0 ? undefined : within(position + offset, size);
    }
    function read<T>(field: number, size: number, standard: T, get: (place: number) => T): T {
      const place = at(field, size);
      return place === undefined ? standard : get(place);
    }

    return {
      int8: (field, standard) => read(field, 1, standard, (place) => buffer.readInt8(place)),
      int32: (field, standard) => read(field, 4, standard, (place) => buffer.readInt32(place)),
      uint32: (field, standard) => read(field, 4, standard, (place) => buffer.readUint32(place)),
      float32: (field, standard) => read(field, 4, standard, (place) => buffer.readFloat32(place)),
      string: (field) =>
        read(field, 4, '', (place) => {
          const { start, length } = list(place, 1, longestString);
          return Buffer.from(bytes.subarray(start, start + length)).toString('utf8');
        }),
      int32s: (field) =>
        read<number[]>(field, 4, [], (place) => {
          const { start, length } = list(place, 4, longestList);
          return Array.from({ length }, (_, i) => buffer.readInt32(start + 4 * i));
        }),
      bytes: (field) =>
        read(field, 4, new Uint8Array(0), (place) => {
          const { start, length } = list(place, 1, bytes.length);
          return bytes.subarray(start, start + length);
        }),
      table: (field) => read<Table | undefined>(field, 4, undefined, (place) => tableAt(follow(place))),
      tables: (field, limit = longestList) =>
        read<Table[]>(field, 4, [], (place) => {
          const { start, length } = list(place, 4, limit);
          return Array.from({ length }, (_, i) => tableAt(follow(start + 4 * i)));
        }),
    };
  }

  const found = Buffer.from(bytes.subarray(4, 8)).toString('latin1');
  if (found !== identifier) throw new FlatbufferError(`it does not carry the mark '${identifier}'`);
  return tableAt(follow(0));
}
