import type { ConfigField } from '../lib/contract.ts';

export interface FieldSection {
  readonly name: string;
  readonly fields: readonly ConfigField[];
}

/** The fields that are looked for, by the first part of their name; those without one are the station's own. */
export function bySection(
  fields: readonly ConfigField[],
  { text, onlyChanged }: { readonly text: string; readonly onlyChanged: boolean },
): FieldSection[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Map<string, ConfigField[]>();
  for (const field of fields) {
    const said = `${field.name} ${field.description}`.toLowerCase();
    if (!words.every((word) => said.includes(word)) || (onlyChanged && field.origin === 'default')) continue;
    const [first = '', ...rest] = field.name.split('.');
    const name = rest.length === 0 ? 'station' : first;
    sections.set(name, [...(sections.get(name) ?? []), field]);
  }
  return [...sections].map(([name, members]) => ({ name, fields: members }));
}

/** As it would stand in the file. */
export function shownValue({ value }: Pick<ConfigField, 'value'>): string {
  if (value === undefined) return 'null';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
