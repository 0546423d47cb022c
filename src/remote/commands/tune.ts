import { z } from 'zod';
import { measuredSchema } from '../../vision/tune-file.ts';
import { command } from './contract.ts';

/**
 * Measures which number of threads is fastest on this machine, and keeps the choice, which counts from the next start on where
 * `vision.threads` is auto. Captures are worked off meanwhile, but share the processor with it.
 */
export const tune = command({
  name: 'tune',
  args: z.strictObject({
    rounds: z.int().min(1).max(100).default(5).describe('In each, every number of threads has five photos.'),
  }),
  data: z.object({
    threads: z.int().describe('The choice: the fewest within 5 % of the fastest.'),
    in_use: z.int().describe('The number of now.'),
    auto: z
      .boolean()
      .describe('vision.threads is auto: the choice counts. Else the number in the settings does.'),
    restart_required: z
      .boolean()
      .describe('The choice counts, and is not in use yet: give the command restart.'),
    measured: z.array(measuredSchema),
  }),
  runs: 'alone',
  async run({ rounds }, { station, progress, signal }) {
    const answer = await station.tune(
      rounds,
      (round) => {
        // The work goes on while the broker is away.
        progress({ round, rounds }).catch(() => undefined);
      },
      signal,
    );
    const { threads, in_use: inUse, auto, measured } = answer;
    return {
      threads,
      in_use: inUse,
      auto,
      restart_required: auto && threads !== inUse,
      measured: [...measured],
    };
  },
});
