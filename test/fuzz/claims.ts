import { crc32 } from 'node:zlib';

/**
 * The same file, except that its header claims another size, px. Null where the format is not known or the fields are not
 * where they mostly are. Numbers too large for the field are cut to it.
 */
export function claimSize(file: Buffer, width: number, height: number): Buffer | null {
  const bytes = Buffer.from(file);
  const head = bytes.toString('latin1', 0, 16);
  if (head.startsWith('\x89PNG')) {
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    return bytes;
  }
  if (head.startsWith('\xff\xd8')) return claimInJpeg(bytes, width, height);
  if (head.startsWith('GIF8')) {
    bytes.writeUInt16LE(width & 0xffff, 6);
    bytes.writeUInt16LE(height & 0xffff, 8);
    return bytes;
  }
  if (head.startsWith('II*\0')) return claimInTiff(bytes, width, height);
  if (head.endsWith('VP8X')) {
    bytes.writeUIntLE((width - 1) & 0xffffff, 24, 3);
    bytes.writeUIntLE((height - 1) & 0xffffff, 27, 3);
    return bytes;
  }
  if (head.endsWith('VP8 ')) {
    bytes.writeUInt16LE(width & 0x3fff, 26);
    bytes.writeUInt16LE(height & 0x3fff, 28);
    return bytes;
  }
  const extents = bytes.indexOf('ispe', 0, 'latin1');
  if (extents === -1) return null;
  bytes.writeUInt32BE(width, extents + 8);
  bytes.writeUInt32BE(height, extents + 12);
  return bytes;
}

/** In the frame header, SOF0 or SOF2; what comes before it are segments with a length. */
function claimInJpeg(bytes: Buffer, width: number, height: number): Buffer | null {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    if (bytes[at + 1] !== 0xc0 && bytes[at + 1] !== 0xc2) continue;
    bytes.writeUInt16BE(height & 0xffff, at + 5);
    bytes.writeUInt16BE(width & 0xffff, at + 7);
    return bytes;
  }
  return null;
}

function claimInTiff(bytes: Buffer, width: number, height: number): Buffer {
  const directory = bytes.readUInt32LE(4);
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
    const at = directory + 2 + i * 12;
    const value = { 256: width, 257: height }[bytes.readUInt16LE(at)];
    if (value === undefined) continue;
    bytes.writeUInt16LE(4, at + 2);
    bytes.writeUInt32LE(value, at + 8);
  }
  return bytes;
}
