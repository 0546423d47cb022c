import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, readManifest, signManifest } from '../../../src/gallery/sync/manifest.ts';
import { parsePublicKeys } from '../../../src/gallery/sync/keys.ts';
import { maxPayloadBytes } from '../../../src/gallery/sync/payloads.ts';
import { readTemplate, writeTemplate } from '../../../src/gallery/sync/template.ts';
import { fingerprint, templates } from '../support.ts';
import { address, keys } from './support.ts';

const privateKey = createPrivateKey(keys.privatePem);
const facts = { rev: 5, templates: 30, digest: 'd'.repeat(64), fingerprint };

describe('the manifest', () => {
  it('is signed over the documented bytes', () => {
    expect(canonicalBytes(address, facts, 'k'.repeat(16)).toString()).toBe(
      `["muster-gallery-manifest/1","default","main",5,30,"${facts.digest}","${fingerprint}","kkkkkkkkkkkkkkkk"]`,
    );
  });

  it('is trusted as it was signed, whatever the order of its fields and with fields added', () => {
    const manifest = signManifest(address, facts, privateKey);
    const turned = Object.fromEntries([...Object.entries(manifest).toReversed(), ['later', 1]]);
    const read = readManifest(Buffer.from(JSON.stringify(turned)), address, [createPublicKey(privateKey)]);
    expect(read).toEqual({ ok: true, manifest });
  });

  it.each([
    { rev: 6 },
    { templates: 29 },
    { digest: 'e'.repeat(64) },
    { fingerprint: 'other' },
    { signature: Buffer.alloc(64).toString('base64') },
    { signature: '' },
  ])('is not trusted with another %o', (change) => {
    const changed = { ...signManifest(address, facts, privateKey), ...change };
    const read = readManifest(Buffer.from(JSON.stringify(changed)), address, [createPublicKey(privateKey)]);
    expect(read).toMatchObject({ ok: false, reason: expect.stringContaining('is wrong') as string });
  });
});

describe('a public key', () => {
  it.each([keys.publicBase64, keys.publicPem])('is taken in each of its forms', (text) => {
    expect(parsePublicKeys(text)[0]!.equals(createPublicKey(privateKey))).toBe(true);
  });
  it.each(['', 'hello', keys.encryption.slice(1), keys.privatePem.replace('PRIVATE', 'PUBLIC')])(
    'is refused when it is none',
    (text) => {
      expect(() => parsePublicKeys(text)).toThrow(expect.objectContaining({ code: 'gallery_key' }) as Error);
    },
  );
});

describe('a template', () => {
  const [one] = templates(1, { length: 512 });
  const { embedding } = one!;
  it.each([null, randomBytes(32)])('comes back to the bit and fits into a message', (encryptionKey) => {
    const payload = Buffer.from(writeTemplate('t/a/0', embedding, { fingerprint, encryptionKey }));
    expect(payload.length).toBeLessThan(maxPayloadBytes);
    const read = readTemplate('t/a/0', payload, { fingerprint, encryptionKey });
    expect(read).toEqual({ ok: true, embedding, encrypted: encryptionKey !== null });
  });

  it('is not taken when it is too large', () => {
    const padded = JSON.parse(writeTemplate('t', embedding, { fingerprint, encryptionKey: null })) as object;
    const payload = Buffer.from(JSON.stringify({ ...padded, padding: 'x'.repeat(maxPayloadBytes) }));
    expect(readTemplate('t', payload, { fingerprint, encryptionKey: null })).toMatchObject({ ok: false });
  });
});
