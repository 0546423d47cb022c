import Table from 'cli-table3';

/** The parts of a table's frame, none of which is drawn. */
const frame =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid';
const noFrame = Object.fromEntries(frame.split(' ').map((part) => [part, '']));

/**
 * A table for a person to read: a head and aligned columns without lines or colours. A column whose values are all
 * numbers is aligned to the right. Lines carry no trailing blanks, and the text no trailing line feed.
 */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const made = new Table({
    head: [...head],
    chars: { ...noFrame, middle: '  ' },
    colAligns: head.map((_, column) => (isNumeric(rows, column) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString().replace(/ +$/gm, '');
}

function isNumeric(rows: readonly (readonly (string | number)[])[], column: number): boolean {
  return rows.length > 0 && rows.every((row) => typeof row[column] === 'number');
}
