import type { Words } from './contract.ts';
import { de } from './de.ts';
import { en } from './en.ts';

/** Every language of the kiosk, by its BCP 47 primary subtag. */
export const languages: Readonly<Record<string, Words>> = { en, de };

export interface Language {
  /** As it was wanted, such as `de-CH`: for dates and times. */
  readonly locale: string;
  readonly words: Words;
}

/**
 * The first wanted language that there is, else English. `de-CH` is content with `de`.
 *
 * @param wanted the best first
 */
export function chooseLanguage(wanted: readonly (string | null)[]): Language {
  for (const tag of wanted) {
    const code = tag?.toLowerCase().split('-', 1)[0] ?? '';
    const words = Object.hasOwn(languages, code) ? languages[code] : undefined;
    if (tag !== null && words !== undefined) return { locale: tag, words };
  }
  return { locale: 'en', words: en };
}
