import type { Enrolment, EnrolmentWarning } from '../lib/contract.ts';
import { number } from '../lib/format.ts';
import { gateAdvice } from './words.ts';

/** A photo that may become a template, and what the station thinks of it. */
export interface Candidate {
  readonly id: number;
  readonly photo: Blob;
  readonly check:
    | { readonly kind: 'checking' }
    | { readonly kind: 'refused'; readonly message: string }
    | { readonly kind: 'checked'; readonly enrolment: Enrolment };
  /** Whether it is to be added. */
  readonly chosen: boolean;
}

export interface Judgement {
  readonly tone: 'good' | 'watch' | 'bad';
  readonly title: string;
  /** What to do about it; empty where nothing is to be done. */
  readonly advice: string;
}

/** What a person should know of a checked photo. The worst comes first. */
export function judge({ face, warnings }: Pick<Enrolment, 'face' | 'warnings'>): Judgement {
  if (face.failed_gate !== null) {
    const { name, advice } = gateAdvice[face.failed_gate];
    return { tone: 'watch', title: capital(name), advice };
  }
  const [warning] = warnings;
  if (warning !== undefined) return { tone: 'watch', ...wordsOf(warning) };
  return { tone: 'good', title: 'Good', advice: '' };
}

/** Such as `184 px, sharpness 310, turned by 4°`. */
export function measuresOf({ face: { quality } }: Pick<Enrolment, 'face'>): string {
  const { size_px, sharpness, yaw_deg } = quality;
  return `${number(size_px)} px, sharpness ${number(sharpness)}, turned by ${number(Math.abs(yaw_deg))}°`;
}

function wordsOf({ code, other, similarity }: EnrolmentWarning): { title: string; advice: string } {
  const how = similarity === null ? 'similarity unknown' : number(similarity, 2);
  if (code === 'unlike_own') {
    return {
      title: 'Unlike the other photos',
      advice: `It is not like this subject’s other templates (${how}). Is it the same person?`,
    };
  }
  if (code === 'duplicate') {
    return {
      title: `The same photo as ${other ?? 'somebody else'}’s`,
      advice: `It is enrolled under another subject already (${how}). Whose photo is it?`,
    };
  }
  return {
    title: `Like ${other ?? 'somebody else'}`,
    advice: `It is very like another subject (${how}). Are they one person?`,
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
