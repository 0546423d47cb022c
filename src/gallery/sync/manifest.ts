import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { keyIdOf } from './keys.ts';
import { manifestSchema, maxPayloadBytes, type GalleryManifest } from './payloads.ts';

/** The gallery that a manifest is for. It is signed too, so that a manifest can't be moved to another gallery. */
export interface GalleryAddress {
  readonly site: string;
  readonly name: string;
}

export type ManifestFacts = Pick<GalleryManifest, 'rev' | 'templates' | 'digest' | 'fingerprint'>;

export type CheckedManifest =
  { readonly ok: true; readonly manifest: GalleryManifest } | { readonly ok: false; readonly reason: string };

/**
 * What is signed: the UTF-8 of a JSON array without white space,
 * `["muster-gallery-manifest/1", site, gallery, rev, templates, digest, fingerprint, key_id]`. An array has one order, where
 * the fields of an object may come in any.
 */
export function canonicalBytes(address: GalleryAddress, facts: ManifestFacts, keyId: string): Buffer {
  const { rev, templates, digest, fingerprint } = facts;
  const { site, name } = address;
  return Buffer.from(
    JSON.stringify(['muster-gallery-manifest/1', site, name, rev, templates, digest, fingerprint, keyId]),
  );
}

export function signManifest(
  address: GalleryAddress,
  facts: ManifestFacts,
  privateKey: KeyObject,
): GalleryManifest {
  const key_id = keyIdOf(createPublicKey(privateKey));
  const signature = sign(null, canonicalBytes(address, facts, key_id), privateKey).toString('base64');
  return { schema: 'gallery-manifest/1', ...facts, key_id, signature };
}

/** Reads a manifest from the broker, and trusts it only when it has the signature of the key, of those given, that it names. */
export function readManifest(
  payload: Buffer,
  address: GalleryAddress,
  publicKeys: readonly KeyObject[],
): CheckedManifest {
  const manifest = parseManifest(payload);
  if (manifest === null) return { ok: false, reason: 'the manifest is malformed' };
  const publicKey = publicKeys.find((key) => keyIdOf(key) === manifest.key_id);
  if (publicKey === undefined) {
    const known = publicKeys.map(keyIdOf).join(' or ');
    return {
      ok: false,
      reason: `the manifest of rev ${manifest.rev} is signed with another key (${manifest.key_id}, not ${known})`,
    };
  }
  const signature = Buffer.from(manifest.signature, 'base64');
  if (!verify(null, canonicalBytes(address, manifest, manifest.key_id), publicKey, signature)) {
    return { ok: false, reason: `the signature of the manifest of rev ${manifest.rev} is wrong` };
  }
  return { ok: true, manifest };
}

function parseManifest(payload: Buffer): GalleryManifest | null {
  if (payload.length > maxPayloadBytes) return null;
  try {
    return manifestSchema.parse(JSON.parse(payload.toString('utf8')));
  } catch {
    return null;
  }
}
