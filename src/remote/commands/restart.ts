import { z } from 'zod';
import { command } from './contract.ts';

/** Ends the station after the capture under way and starts it again. */
export const restart = command({
  name: 'restart',
  args: z.strictObject({}),
  data: z.object({
    how: z
      .enum(['process', 'station'])
      .describe(
        'The whole process, by systemd, or the station inside its process, where nobody would start it.',
      ),
  }),
  // Also while another command hangs: that may be why it is asked for.
  runs: 'alongside',
  run(_args, { station, afterAnswer }) {
    afterAnswer(() => station.restart.now());
    return Promise.resolve({ how: station.restart.how });
  },
});
