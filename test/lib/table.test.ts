import { expect, test } from 'vitest';
import { table } from '../../src/lib/table.ts';

test('columns are aligned, numbers to the right, without lines, colours or trailing blanks', () => {
  const text = table(
    ['subject', 'templates', 'note'],
    [
      ['s-1', 3, 'new'],
      ['somebody-else', 12, ''],
    ],
  );
  expect(text).toBe(
    ['subject        templates  note', 's-1                    3  new', 'somebody-else         12'].join(
      '\n',
    ),
  );
});

test('wide characters take the columns that they take on a terminal', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['顔', 1],
        ['face', 2],
      ],
    ),
  ).toBe('name  n\n顔    1\nface  2');
});

test('a table without rows is its head', () => {
  expect(table(['subject', 'templates'], [])).toBe('subject  templates');
});
