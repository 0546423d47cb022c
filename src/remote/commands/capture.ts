import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { command } from './contract.ts';

/** Between two looks at the inbox, ms. */
const lookMs = 1_000;

/** Looks for captures now instead of at the next full scan, and waits for them if asked to. */
export const capture = command({
  name: 'capture',
  args: z.strictObject({
    wait_s: z.number().min(0).max(300).default(0).describe('Answer when the inbox is empty, or after this.'),
  }),
  data: z.object({ waiting: z.int().describe('Captures that are not decided yet.') }),
  runs: 'alone',
  async run({ wait_s: waitS }, { station, progress, signal }) {
    const end = station.monotonic() + waitS * 1000;
    let waiting = await station.rescan();
    while (waiting > 0 && station.monotonic() < end && !signal.aborted) {
      await progress({ waiting });
      await sleep(Math.min(lookMs, Math.max(0, end - station.monotonic())), undefined, { signal });
      waiting = await station.rescan();
    }
    return { waiting };
  },
});
