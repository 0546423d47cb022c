/** Takes the bytes of a camera and cuts the JPEG files out of them. */
export interface JpegSplitter {
  /** Takes the next bytes of the stream, in chunks of any size. */
  push(chunk: Uint8Array): void;
}

export interface JpegSplitterOptions {
  /** Frames with more bytes are dropped. */
  readonly maxBytes: number;
  /**
   * A whole JPEG, in memory of its own.
   *
   * @param before what stood before it in the stream, at most 512 bytes: in MJPEG over HTTP the headers of its part
   * @returns a frame from before that is not needed any more: a later one may get its memory, since that of new ones costs more than all the rest
   */
  readonly onFrame: (jpeg: Buffer, before: Buffer) => Buffer | undefined;
}

/** Bytes before a frame that are kept for `onFrame`. */
const maxBefore = 512;
/** Segments before the first scan and between scans: a camera's JPEG has about ten. */
const maxSegments = 256;
/** Frames of one camera differ in size by about so much. */
const frameMargin = 1 / 8;
const startOfImage = Buffer.from([0xff, 0xd8, 0xff]);

/**
 * Follows the markers of each JPEG (ITU-T T.81, annex B) from its start to its end, so that a thumbnail inside of it is not taken
 * for a frame. Whatever is no frame is skipped: the headers between frames, garbage, a frame that is cut short by the next. The
 * memory is bounded by `maxBytes`, and the work by a small multiple of the bytes.
 */
export function createJpegSplitter({ maxBytes, onFrame }: JpegSplitterOptions): JpegSplitter {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  /** Bytes in the buffer; up to `at` they are understood; the frame begins at `start`. */
  let length = 0;
  let at = 0;
  let start = 0;
  let segments = 0;
  let state: 'between' | 'segment' | 'scan' = 'between';
  let spare: ArrayBufferLike | null = null;

  return {
    push(chunk) {
      for (let offset = 0; offset < chunk.length; offset += maxBytes) {
        append(chunk.subarray(offset, offset + maxBytes));
        while (step());
      }
    },
  };

  function append(bytes: Uint8Array): void {
    if (length + bytes.length > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + bytes.length));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  }

  /** Takes one step forward; false when there are not enough bytes for it. */
  function step(): boolean {
    if (state !== 'between' && at - start > maxBytes) return giveUp(start + 2);
    if (state === 'between') return findStart();
    return state === 'segment' ? passSegment() : passScan();
  }

  function findStart(): boolean {
    const found = buffer.subarray(0, length).indexOf(startOfImage, at);
    if (found === -1) {
      at = Math.max(0, length - 2);
      dropBefore(Math.max(0, length - maxBefore));
      return false;
    }
    dropBefore(Math.max(0, found - maxBefore));
    start = Math.min(found, maxBefore);
    at = start + 2;
    segments = 0;
    state = 'segment';
    return true;
  }

  function passSegment(): boolean {
    if (length - at < 4) return false;
    const marker = buffer[at + 1]!;
    if (buffer[at] !== 0xff || marker === 0xd8 || marker === 0xd9 || marker === 0) return giveUp(start + 2);
    if (marker === 0xff) {
      at += 1;
      return true;
    }
    const alone = isAlone(marker);
    const size = alone ? 0 : buffer.readUInt16BE(at + 2);
    if (segments === maxSegments || (!alone && size < 2)) return giveUp(start + 2);
    if (length < at + 2 + size) return false;
    segments += 1;
    at += 2 + size;
    if (marker === 0xda) state = 'scan';
    return true;
  }

  /** In the data of a scan, 0xff is followed by 0 unless it begins a marker. */
  function passScan(): boolean {
    // Past `length` lies what was there before: a find there is none.
    const found = buffer.indexOf(0xff, at);
    if (found === -1 || found + 1 >= length) {
      at = found === -1 ? length : Math.min(found, length);
      return at - start > maxBytes;
    }
    const marker = buffer[found + 1]!;
    if (marker === 0xd9) return finish(found + 2);
    // The frame was cut short, and the next one begins.
    if (marker === 0xd8) return giveUp(found);
    if (marker === 0 || isAlone(marker)) at = found + 2;
    else if (marker === 0xff) at = found + 1;
    else {
      at = found;
      state = 'segment';
    }
    return true;
  }

  function finish(end: number): true {
    const jpeg = roomFor(end - start);
    buffer.copy(jpeg, 0, start, end);
    const before = Buffer.from(buffer.subarray(0, start));
    dropBefore(end);
    at = 0;
    state = 'between';
    if (jpeg.length <= maxBytes) spare = onFrame(jpeg, before)?.buffer ?? spare;
    return true;
  }

  /** In memory of its own, somewhat larger, so that it fits for the next frames too. */
  function roomFor(bytes: number): Buffer {
    const memory =
      spare !== null && spare.byteLength >= bytes
        ? spare
        : Buffer.allocUnsafeSlow(Math.ceil(bytes * (1 + frameMargin))).buffer;
    spare = null;
    return Buffer.from(memory, 0, bytes);
  }

  /** What began at `start` is no frame: looks for the next from `from` on. */
  function giveUp(from: number): true {
    dropBefore(from);
    at = 0;
    state = 'between';
    return true;
  }

  function dropBefore(index: number): void {
    buffer.copyWithin(0, index, length);
    length -= index;
    at = Math.max(0, at - index);
  }
}

/** Markers without a length: TEM and the restarts. */
function isAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}
