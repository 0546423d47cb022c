/**
 * Works on up to `ahead` items of a source at once and yields the results in the order of the items. The first
 * error ends it, after the work under way.
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const underWay: Promise<R>[] = [];
  const items = source[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | null = items.next();
  try {
    while (next !== null || underWay.length > 0) {
      const [first] = underWay;
      const canTakeMore = next !== null && underWay.length < ahead;
      const event = await Promise.race([
        ...(first === undefined ? [] : [first.then((result) => ({ result }))]),
        ...(canTakeMore && next !== null ? [next.then((item) => ({ item }))] : []),
      ]);
      if ('item' in event) {
        if (event.item.done) {
          next = null;
        } else {
          underWay.push(work(event.item.value));
          next = items.next();
        }
      } else {
        void underWay.shift();
        yield event.result;
      }
    }
  } finally {
    await Promise.allSettled(underWay);
    await items.return?.();
  }
}
