import { z } from 'zod';
import { isoTime } from '../../lib/clock.ts';
import { logLevels } from '../../lib/log.ts';
import { command } from './contract.ts';

/** Changes the level of the log at once, until the next start or for a time. To keep it, use `log.level` in config/desired. */
export const logLevel = command({
  name: 'log-level',
  args: z.strictObject({
    level: z.enum(logLevels),
    for_s: z
      .number()
      .positive()
      .max(86_400)
      .optional()
      .describe('Seconds until the level is as configured again.'),
  }),
  data: z.object({ level: z.enum(logLevels), until: z.string().nullable() }),
  runs: 'alongside',
  run({ level, for_s: forS }, { station }) {
    const forMs = forS === undefined ? null : forS * 1000;
    station.setLogLevel(level, forMs);
    return Promise.resolve({ level, until: forMs === null ? null : isoTime(station.now() + forMs) });
  },
});
