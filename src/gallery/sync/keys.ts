import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { codeOf, messageOf, MusterError } from '../../lib/errors.ts';

const encryptionKeyBytes = 32;
const ed25519Bytes = 32;
/** What comes before the 32 bytes of an Ed25519 public key in SPKI [RFC 8410, section 4]. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** A fresh signing pair (PKCS8 and SPKI, PEM; the public half also as base64 of its 32 bytes) and an encryption key (base64). */
export function generateKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    publicBase64: publicKey
      .export({ format: 'der', type: 'spki' })
      .subarray(-ed25519Bytes)
      .toString('base64'),
    encryption: randomBytes(encryptionKeyBytes).toString('base64'),
    keyId: keyIdOf(publicKey),
  };
}

/** The first 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
export function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

/**
 * The public keys in a text: PEM blocks, or a line for each with the base64 of its 32 bytes or of its DER. There are several
 * while a fleet changes from one to another. Throws MusterError `gallery_key`.
 */
export function parsePublicKeys(text: string): readonly KeyObject[] {
  const blocks = text.includes('-----BEGIN')
    ? text.split(/(?<=-----END [A-Z ]+-----)/).filter((block) => block.trim() !== '')
    : text.split(/\s+/).filter((line) => line !== '');
  return (blocks.length === 0 ? [text] : blocks).map(parsePublicKey);
}

function parsePublicKey(text: string): KeyObject {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : publicKeyOf(Buffer.from(text, 'base64'));
    return expectEd25519(key);
  } catch (cause) {
    throw new MusterError('gallery_key', `gallery.public_key is no Ed25519 public key: ${messageOf(cause)}`, {
      remedy:
        'Give the line that `muster gallery keygen` prints, or its .pub file as gallery.public_key_file.',
      cause,
    });
  }
}

/** The private key in a PEM file. `open`: others than its owner may read it. Throws MusterError `gallery_key`. */
export async function readPrivateKey(file: string): Promise<{ key: KeyObject; open: boolean }> {
  try {
    const key = expectEd25519(createPrivateKey(await readFile(file, 'utf8')));
    return { key, open: await isOpen(file) };
  } catch (cause) {
    throw keyFileError(file, 'Ed25519 private key (PEM)', cause);
  }
}

/** The encryption key in a file: base64 of 32 bytes. Throws MusterError `gallery_key`. */
export async function readEncryptionKey(file: string): Promise<Buffer> {
  try {
    const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
    if (key.length !== encryptionKeyBytes) throw new Error(`it holds ${key.length} bytes`);
    return key;
  } catch (cause) {
    throw keyFileError(file, 'base64 of the 32 bytes of an encryption key', cause);
  }
}

async function isOpen(file: string): Promise<boolean> {
  return ((await stat(file)).mode & 0o077) !== 0;
}

function publicKeyOf(bytes: Buffer): KeyObject {
  const der = bytes.length === ed25519Bytes ? Buffer.concat([spkiPrefix, bytes]) : bytes;
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

function expectEd25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`it is of the kind ${key.asymmetricKeyType ?? key.type}`);
  return key;
}

function keyFileError(file: string, wanted: string, cause: unknown): MusterError {
  const reason = codeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
  return new MusterError('gallery_key', `${file} does not hold the ${wanted}: ${reason}`, {
    remedy: 'Make keys with `muster gallery keygen`.',
    cause,
  });
}
