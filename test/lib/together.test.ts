import { expect, it } from 'vitest';
import { together } from '../../src/lib/together.ts';

it('works for all who came meanwhile, in the order of the calls, at most so many at a time', async () => {
  const rounds: number[][] = [];
  const double = together(3, (numbers: readonly number[]) => {
    rounds.push([...numbers]);
    return Promise.resolve(numbers.map((n) => 2 * n));
  });
  expect(await Promise.all([1, 2, 3, 4, 5].map(double))).toEqual([2, 4, 6, 8, 10]);
  expect(rounds).toEqual([[1], [2, 3, 4], [5]]);
  expect(await double(6)).toBe(12);
});

it('fails for those of a round, and for nobody else', async () => {
  const work = together(2, (words: readonly string[]) =>
    words.includes('bad') ? Promise.reject(new Error('no')) : Promise.resolve(words),
  );
  const results = await Promise.allSettled(['first', 'bad', 'beside', 'after'].map(work));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
});
