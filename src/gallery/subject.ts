import { z } from 'zod';
import type { SubjectId } from './contract.ts';

const pattern = /^[a-z0-9-]{1,32}$/;
const longest = 32;

export function isSubjectId(text: string): text is SubjectId {
  return pattern.test(text);
}

/** A subject id as it comes from outside. */
export const subjectIdSchema = z
  .string()
  .refine(isSubjectId, { error: 'must be 1 to 32 of the characters a-z, 0-9 and -' })
  .meta({ pattern: pattern.source });

/**
 * The subject id that a person's choice of a name (of a folder or a file) stands for: accents are dropped, letters
 * lower-cased, every run of other characters becomes one `-`, none at the ends, and the rest is cut to 32 characters.
 * `Zoë Müller (2)` → `zoe-muller-2`. Null when nothing is left, as of a name without a Latin letter or a digit.
 * Two names may give one id: whoever maps several has to look for that.
 */
export function subjectOfName(name: string): SubjectId | null {
  const id = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, longest)
    .replace(/-$/, '');
  return isSubjectId(id) ? id : null;
}
