/** Wakes whoever waits for news. A ring that nobody waits for is lost: take `next()` first, then look. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring. */
  next(): Promise<void>;
}

export function createBell(): Bell {
  let waiting: Promise<void> | null = null;
  let wake: (() => void) | null = null;
  return {
    ring() {
      wake?.();
      waiting = null;
      wake = null;
    },
    next() {
      waiting ??= new Promise((resolve) => {
        wake = resolve;
      });
      return waiting;
    },
  };
}
