import { stringify } from 'yaml';
import { configTree, type Field, type Section } from './fields.ts';

/** Columns of a comment line. */
const width = 110;

/**
 * Writes every field of the config as YAML, in the order of the schema.
 *
 * @param valueOf the value to write for a field
 * @param options.above lines to write as a comment above a field or section
 * @param options.behind text to write as a comment behind a field's value
 */
export function configYaml(
  valueOf: (field: Field) => unknown,
  options: {
    readonly above?: (member: Field | Section) => readonly string[];
    readonly behind?: (field: Field) => string;
  } = {},
): string {
  return linesOf(configTree, '').join('\n');

  function linesOf(section: Section, indent: string): string[] {
    return [...section.members].flatMap(([key, member]) => {
      const above = (options.above?.(member) ?? []).flatMap((text) => commentLines(text, indent));
      const gap = above.length > 0 && indent === '' ? [''] : [];
      if (member.kind === 'section')
        return [...gap, ...above, `${indent}${key}:`, ...linesOf(member, `${indent}  `)];
      const behind = options.behind === undefined ? '' : ` # ${options.behind(member)}`;
      return [...gap, ...above, `${indent}${key}: ${inline(valueOf(member))}${behind}`];
    });
  }
}

/** A value on one line, whatever it holds. */
function inline(value: unknown): string {
  if (typeof value === 'string' && /[^\x20-\x7e]/.test(value)) return JSON.stringify(value);
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}

/** A text as comment lines that are not too long. */
function commentLines(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
