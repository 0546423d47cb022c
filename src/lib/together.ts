/**
 * Does the work for many callers at a time: while one round of work is under way those who come gather, and the next round is for all
 * of them, at most `most`. One round after the other; where a round fails, it fails for each of its callers.
 *
 * @param work gets the items in the order of the calls and returns a result for each
 */
export function together<T, R>(
  most: number,
  work: (items: readonly T[]) => Promise<readonly R[]>,
): (item: T) => Promise<R> {
  const waiting: { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }[] = [];
  let working = false;

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!working) void workOn();
    });

  async function workOn(): Promise<void> {
    working = true;
    while (waiting.length > 0) {
      const round = waiting.splice(0, most);
      try {
        const results = await work(round.map(({ item }) => item));
        for (const [i, { resolve }] of round.entries()) resolve(results[i]!);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    working = false;
  }
}
