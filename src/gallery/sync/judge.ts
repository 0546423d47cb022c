import type { KeyObject } from 'node:crypto';
import type { Gallery } from '../contract.ts';
import { readManifest, type GalleryAddress } from './manifest.ts';
import type { GalleryManifest } from './payloads.ts';

export interface JudgeOptions {
  readonly address: GalleryAddress;
  readonly publicKeys: readonly KeyObject[];
  /** Of the models in use. */
  readonly fingerprint: string;
  /** Takes up again what was rolled back. */
  readonly again: boolean;
}

export type Verdict =
  /** Nothing is published. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'in_sync' }
  | { readonly kind: 'wanted'; readonly manifest: GalleryManifest }
  | { readonly kind: 'refused'; readonly reason: string }
  /** A person put the set before back: the published one waits. */
  | { readonly kind: 'rolled_back'; readonly reason: string };

/** What to do about a manifest, given the set in use. Pure. */
export function judge(
  payload: Buffer | null,
  present: Pick<Gallery, 'digest' | 'publication'>,
  { address, publicKeys, fingerprint, again }: JudgeOptions,
): Verdict {
  if (payload === null || payload.length === 0) return { kind: 'nothing' };
  const read = readManifest(payload, address, publicKeys);
  if (!read.ok) return { kind: 'refused', reason: read.reason };
  const { manifest } = read;
  const { publication } = present;
  const highest = publication?.highest ?? 0;
  if (manifest.rev < highest) {
    return {
      kind: 'refused',
      reason: `an old manifest came back: its rev is ${manifest.rev}, and ${highest} has been here`,
    };
  }
  if (manifest.fingerprint !== fingerprint) {
    return {
      kind: 'refused',
      reason: `the gallery of rev ${manifest.rev} was made with another model (${manifest.fingerprint}, not ${fingerprint})`,
    };
  }
  if (publication === null || manifest.rev > highest) return { kind: 'wanted', manifest };
  if (publication.rolled_back) {
    if (again) return { kind: 'wanted', manifest };
    return { kind: 'rolled_back', reason: `rev ${manifest.rev} was rolled back by command` };
  }
  if (publication.manifest !== null && publication.manifest.digest !== manifest.digest) {
    return { kind: 'refused', reason: `there are two manifests of rev ${manifest.rev} for different sets` };
  }
  // It was changed by hand since: the published set is taken again.
  return present.digest === manifest.digest ? { kind: 'in_sync' } : { kind: 'wanted', manifest };
}
