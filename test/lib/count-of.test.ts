import { expect, it } from 'vitest';
import { countOf } from '../../src/lib/count-of.ts';

it('says one of a thing as one', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'template'))).toEqual([
    '0 templates',
    '1 template',
    '2 templates',
  ]);
});
