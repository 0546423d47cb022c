import { z } from 'zod';
import { isoTime } from '../../lib/clock.ts';
import { packageVersion } from '../../lib/package.ts';
import { command } from './contract.ts';

/** Whether the station hears, and what time it has. */
export const ping = command({
  name: 'ping',
  args: z.strictObject({}),
  data: z.object({ now: z.string(), version: z.string() }),
  runs: 'alongside',
  run: (_args, { station }) => Promise.resolve({ now: isoTime(station.now()), version: packageVersion }),
});
