import { z } from 'zod';
import { command, purgeTargets } from './contract.ts';

/** Deletes what was set aside, what was kept, or the events that no broker has taken. There is no way back. */
export const purge = command({
  name: 'purge',
  args: z.strictObject({ what: z.enum(purgeTargets) }),
  data: z.object({ what: z.enum(purgeTargets), deleted: z.int() }),
  runs: 'alone',
  async run({ what }, { station, progress }) {
    const deleted = await station.purge(what, async (sofar) => {
      // The purge goes on while the broker is away.
      await progress({ deleted: sofar }).catch(() => undefined);
    });
    return { what, deleted };
  },
});
