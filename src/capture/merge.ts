import type { Capture, CaptureSource } from './contract.ts';

/** Several sources as one. Each has its turn, so that a backlog in one of them holds up no other. */
export function mergeSources(sources: readonly CaptureSource[]): CaptureSource {
  return {
    async open() {
      for (const source of sources) await source.open();
    },
    async rescan() {
      const waiting = await Promise.all(sources.map((source) => source.rescan()));
      return waiting.reduce((sum, one) => sum + one, 0);
    },
    async *captures(outerSignal) {
      const ending = new AbortController();
      const signal = AbortSignal.any([outerSignal, ending.signal]);
      let running = sources.map((source) => {
        const captures = source.captures(signal)[Symbol.asyncIterator]();
        return { captures, next: captures.next() };
      });
      try {
        while (running.length > 0) {
          const [first, result] = await Promise.race(
            running.map(async (one) => [one, await one.next] as const),
          );
          const others = running.filter((one) => one !== first);
          if (result.done === true) running = others;
          else {
            yield result.value satisfies Capture;
            // To the end of the row, and asked for its next only now: a camera's frame would grow old.
            running = [...others, { ...first, next: first.captures.next() }];
          }
        }
      } finally {
        ending.abort();
        await Promise.allSettled(
          running.map(async ({ captures, next }) => [await next, await captures.return?.()]),
        );
      }
    },
  };
}
