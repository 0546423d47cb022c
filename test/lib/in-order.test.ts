import { expect, it } from 'vitest';
import { inOrder } from '../../src/lib/in-order.ts';

const sleep = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function* numbers(count: number) {
  for (let i = 0; i < count; i += 1) {
    await sleep(1);
    yield i;
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('keeps the order although later items are quicker', async () => {
  const results = await collect(inOrder(numbers(20), 4, (i) => sleep(20 - i).then(() => i)));
  expect(results).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

it.each([1, 2, 5])('works on %d at once, and on no more', async (ahead) => {
  let underWay = 0;
  let most = 0;
  await collect(
    inOrder(numbers(20), ahead, async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(15);
      underWay -= 1;
    }),
  );
  expect(most).toBe(ahead);
});

it('yields a result as soon as it is there, without waiting for the next item', async () => {
  async function* oneThenSilence() {
    yield 1;
    await new Promise(() => undefined);
  }
  const results = inOrder(oneThenSilence(), 2, (i) => Promise.resolve(i));
  expect((await results.next()).value).toBe(1);
});

it('ends with the first error, and ends the source', async () => {
  let ended = false;
  async function* source() {
    try {
      yield* numbers(100);
    } finally {
      ended = true;
    }
  }
  const work = (i: number) => (i === 3 ? Promise.reject(new Error('three')) : Promise.resolve(i));
  await expect(collect(inOrder(source(), 2, work))).rejects.toThrow('three');
  expect(ended).toBe(true);
});

it('passes on an error of the source', async () => {
  async function* source() {
    yield 1;
    await sleep(1);
    throw new Error('unplugged');
  }
  await expect(collect(inOrder(source(), 2, (i) => Promise.resolve(i)))).rejects.toThrow('unplugged');
});
