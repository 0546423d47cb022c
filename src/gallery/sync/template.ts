import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Embedding } from '../../vision/contract.ts';
import { fromLittleEndian, toLittleEndian } from '../float32.ts';
import { isUnitLength } from '../template-file.ts';
import { maxPayloadBytes, templateSchema, type TemplatePayload } from './payloads.ts';

const algorithm = 'aes-256-gcm';
/** As NIST SP 800-38D recommends for GCM. */
const nonceBytes = 12;
const tagBytes = 16;

export interface TemplateForm {
  /** Of the models that made the templates. */
  readonly fingerprint: string;
  /** 32 bytes; null sends in the clear. */
  readonly encryptionKey: Buffer | null;
}

export type ReadTemplate =
  | { readonly ok: true; readonly embedding: Embedding; readonly encrypted: boolean }
  | { readonly ok: false; readonly reason: string };

/** The payload of one template. The topic is bound to the ciphertext, so that it can't be moved to another subject. */
export function writeTemplate(topic: string, embedding: Embedding, form: TemplateForm): string {
  const { fingerprint, encryptionKey } = form;
  const bytes = toLittleEndian(embedding);
  const head = { schema: 'gallery-template/1', fingerprint } as const;
  let payload: TemplatePayload;
  if (encryptionKey === null) {
    payload = { ...head, embedding: Buffer.from(bytes).toString('base64') };
  } else {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, encryptionKey, nonce).setAAD(Buffer.from(topic));
    const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
    payload = {
      ...head,
      nonce: nonce.toString('base64'),
      ciphertext: ciphertext.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
    };
  }
  return JSON.stringify(payload);
}

/**
 * Reads one template from the broker. One in the clear is taken also where a key is configured: the signed digest vouches
 * for it, and a fleet can be moved to encryption station by station.
 */
export function readTemplate(topic: string, payload: Buffer, form: TemplateForm): ReadTemplate {
  const parsed = parse(payload);
  if (parsed === null) return { ok: false, reason: 'is malformed' };
  if (parsed.fingerprint !== form.fingerprint) {
    return {
      ok: false,
      reason: `was made with another model (${parsed.fingerprint}, not ${form.fingerprint})`,
    };
  }
  const bytes =
    parsed.embedding === undefined ? decrypt(topic, parsed, form) : Buffer.from(parsed.embedding, 'base64');
  if (typeof bytes === 'string') return { ok: false, reason: bytes };
  if (bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) return { ok: false, reason: 'is cut short' };
  const embedding = fromLittleEndian(bytes);
  if (!isUnitLength(embedding)) return { ok: false, reason: 'is not of length 1' };
  return { ok: true, embedding, encrypted: parsed.embedding === undefined };
}

/** The bytes of the embedding, or why there are none. */
function decrypt(topic: string, payload: TemplatePayload, { encryptionKey }: TemplateForm): Buffer | string {
  const { nonce, ciphertext, tag } = payload;
  if (nonce === undefined || ciphertext === undefined || tag === undefined) return 'is malformed';
  if (encryptionKey === null) return 'is encrypted, and gallery.encryption_key_file is not set';
  try {
    const decipher = createDecipheriv(algorithm, encryptionKey, Buffer.from(nonce, 'base64'), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(topic)).setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]);
  } catch {
    return 'can not be decrypted with the key of gallery.encryption_key_file';
  }
}

function parse(payload: Buffer): TemplatePayload | null {
  if (payload.length > maxPayloadBytes) return null;
  try {
    return templateSchema.parse(JSON.parse(payload.toString('utf8')));
  } catch {
    return null;
  }
}
