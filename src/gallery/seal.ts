import { createHmac, webcrypto } from 'node:crypto';
import { MusterError } from '../lib/errors.ts';
import { DamagedRevision } from './revision-file.ts';
import { sha256 } from './template-table.ts';

/*
 * A revision file that is encrypted:
 *
 *   8 bytes   "MUSTERGX"
 *   4 bytes   format, little-endian
 *   8 bytes   id of the key
 *   12 bytes  nonce, random for each file [NIST SP 800-38D, section 8.2.2]
 *   sealed    AES-256-GCM of the plain revision file, and its tag of 16 bytes; magic, format and key id are authenticated
 *   32 bytes  SHA-256 of everything before
 *
 * The hash is there to tell a damaged file, which is passed over, from one of another key, which never is.
 */
const magic = Buffer.from('MUSTERGX', 'latin1');
const format = 1;
const formatAt = magic.length;
const keyIdAt = formatAt + 4;
const nonceAt = keyIdAt + 8;
const sealedAt = nonceAt + 12;
const tagBytes = 16;
const hashBytes = 32;

/** What the start of a revision file has to have, for `Seal.fits`. */
export const sealHeadBytes = nonceAt;

/** How revision files lie on the disk: encrypted with a key, or plain where there is none. */
export interface Seal {
  /** Whether a key is configured. */
  readonly encrypts: boolean;
  /** Whether the file that begins so lies as this seal writes it. */
  fits(head: Uint8Array): boolean;
  /** The bytes to write for those of a plain revision file. */
  seal(plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /**
   * The plain revision file in the bytes of the file at `path`; plain ones are given back as they are. Throws DamagedRevision, or
   * MusterError `gallery_key` where another key or none is configured, or `gallery_format`.
   */
  open(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** @param key 32 bytes; null writes in the clear, and opens only what is in the clear */
export function createSeal(key: Uint8Array | null): Seal {
  const keyId = key === null ? null : keyIdOf(key);
  let imported: Promise<webcrypto.CryptoKey> | undefined;
  const cryptoKey = (bytes: Uint8Array) =>
    (imported ??= webcrypto.subtle.importKey('raw', Uint8Array.from(bytes), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]));

  return {
    encrypts: key !== null,

    fits(head) {
      if (keyId === null) return !isSealed(head);
      return isSealed(head) && keyId.equals(head.subarray(keyIdAt, nonceAt));
    },

    async seal(plain) {
      if (key === null || keyId === null) return plain;
      const head = Buffer.alloc(sealedAt);
      magic.copy(head);
      head.writeUInt32LE(format, formatAt);
      keyId.copy(head, keyIdAt);
      webcrypto.getRandomValues(head.subarray(nonceAt));
      const sealed = await webcrypto.subtle.encrypt(algorithmOf(head), await cryptoKey(key), plain);
      const content = Buffer.concat([head, new Uint8Array(sealed)]);
      return Buffer.concat([content, await sha256(content)]);
    },

    async open(bytes, path) {
      if (!isSealed(bytes)) return bytes;
      const content = bytes.subarray(0, Math.max(0, bytes.length - hashBytes));
      if (content.length < sealedAt + tagBytes) throw new DamagedRevision('it is cut short');
      if (!(await sha256(content)).equals(bytes.subarray(content.length)))
        throw new DamagedRevision('its content does not have the SHA-256 at its end');
      const written = Buffer.from(content.subarray(keyIdAt, nonceAt)).toString('hex');
      if (new DataView(content.buffer, content.byteOffset).getUint32(formatAt, true) !== format)
        throw newerFormat(path);
      if (key === null) throw keyError(path, `it is encrypted (key ${written}), and no key is configured`);
      if (keyId?.toString('hex') !== written) {
        const own = String(keyId?.toString('hex'));
        throw keyError(path, `it is encrypted with another key (${written}, the configured one is ${own})`);
      }
      try {
        const opened = await webcrypto.subtle.decrypt(
          algorithmOf(content),
          await cryptoKey(key),
          content.subarray(sealedAt),
        );
        return new Uint8Array(opened);
      } catch (cause) {
        throw new DamagedRevision('it is not what was encrypted with the key', { cause });
      }
    },
  };
}

/** Tells keys apart and says nothing of them. */
function keyIdOf(key: Uint8Array): Buffer {
  return createHmac('sha256', key)
    .update('muster-gallery-file-key-id')
    .digest()
    .subarray(0, nonceAt - keyIdAt);
}

export function isSealed(bytes: Uint8Array): boolean {
  return magic.equals(bytes.subarray(0, magic.length));
}

function algorithmOf(head: Uint8Array<ArrayBuffer>) {
  return {
    name: 'AES-GCM',
    iv: head.subarray(nonceAt, sealedAt),
    additionalData: head.subarray(0, nonceAt),
    tagLength: tagBytes * 8,
  };
}

function keyError(path: string, reason: string): MusterError {
  return new MusterError('gallery_key', `${path} can't be read: ${reason}`, {
    remedy:
      'Set gallery.encryption_key_file to the file with the key that it was written with. To change keys, set the new one and ' +
      'run `muster gallery rekey --old-key <file>`. Where the key is lost, remove that folder, and enrol or publish again.',
  });
}

function newerFormat(path: string): MusterError {
  return new MusterError('gallery_format', `${path} was encrypted in a format that this Muster can't read`, {
    remedy: 'Install the newer Muster again, or export the gallery with it.',
  });
}
