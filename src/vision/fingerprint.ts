import { createHash } from 'node:crypto';
import type { LoadedPack } from '../models/contract.ts';

/** What a template must have been made with: one made with the mirror image as well must not be compared with others. */
export function fingerprintOf({ name, fingerprint }: LoadedPack, flip: boolean): string {
  if (!flip) return fingerprint;
  return `${name}@sha256:${createHash('sha256').update(`${fingerprint}\nmirrored`).digest('hex')}`;
}
