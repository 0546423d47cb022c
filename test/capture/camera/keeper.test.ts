import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createKeeper } from '../../../src/capture/camera/keeper.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { eventually, silentLog } from '../../support/tools.ts';

const [shortestWaitMs, longestWaitMs] = [30, 240];

it('waits longer with each new start, up to a limit, and begins anew when the camera has worked', async () => {
  const ending = new AbortController();
  const starts: number[] = [];
  let ended = 0;
  /** From the end of an attempt to the start of the next, ms. */
  const pauses: number[] = [];
  const keeper = createKeeper({
    async play(onFrame, signal) {
      if (starts.push(performance.now()) > 1) pauses.push(performance.now() - ended);
      // The sixth attempt is one of a camera that works.
      if (starts.length === 6) for (let n = 0; n < 3; n += 1) onFrame(Buffer.from('jpeg'), null);
      if (starts.length >= 8) await sleep(60_000, undefined, { signal }).catch(() => undefined);
      ended = performance.now();
    },
    stallMs: 60_000,
    shortestWaitMs,
    longestWaitMs,
    clock: systemClock,
    log: silentLog,
    onTrouble: () => undefined,
  });
  const running = keeper.run(() => {
    keeper.worked();
    return undefined;
  }, ending.signal);
  await eventually('eight starts', () => starts.length >= 8);
  ending.abort();
  await running;

  const atLeast = [30, 60, 120, 240, 240];
  // A timer may be a millisecond early.
  for (const [i, ms] of atLeast.entries()) expect(pauses[i]).toBeGreaterThan(ms - 2);
  expect(pauses[5]).toBeLessThan(pauses[4]!);
  expect(keeper.status().restarts).toBe(7);
});
