import { z } from 'zod';
import { jobNames, runSchema } from '../../upkeep/contract.ts';
import { command } from './contract.ts';

const report = z.object({
  name: z.enum(jobNames),
  schedule: z.string().nullable(),
  next: z.string().nullable(),
  last: runSchema.nullable(),
});

/** Runs a job of the upkeep now, or only tells of all of them. */
export const upkeep = command({
  name: 'upkeep',
  args: z.strictObject({ run: z.enum(jobNames).optional() }),
  data: z.object({ jobs: z.array(report) }),
  runs: 'alongside',
  async run({ run }, { station }) {
    if (run !== undefined) await station.upkeep.run(run);
    return { jobs: [...station.upkeep.list()] };
  },
});
