import { z } from 'zod';

const rev = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const desiredSchema = z
  .object({
    rev: rev.describe(
      'Goes up with each change; what has the rev of what is applied, or a lower one, changes nothing.',
    ),
    config: z
      .record(z.string(), z.unknown())
      .describe('A patch over the config of the station: only fields that are marked remote.'),
  })
  .describe('Retained, on config/desired of a station or of its site. An empty payload withdraws it.');

export const configStatuses = ['applied', 'rejected', 'rolled_back'] as const;

export const configReportedSchema = z
  .object({
    rev: z
      .int()
      .min(0)
      .describe("The newest rev of the station's own config/desired that was judged; 0: none."),
    site_rev: z.int().min(0).describe("The same of the site's config/desired."),
    status: z
      .enum(configStatuses)
      .describe(
        'Of both: applied; rejected, where one is not valid; rolled_back, where the station did not work with it. What was applied before stays.',
      ),
    errors: z.array(z.string()).describe('What is wrong, a sentence each, with what is allowed.'),
    restart_required: z
      .boolean()
      .describe('Whether it counts only from the next start; it never does so far.'),
    applied: z
      .object({ rev: z.int().min(0), site_rev: z.int().min(0) })
      .describe('The revs that are in force.'),
    effective: z.record(z.string(), z.unknown()).describe('The whole config in force, without its secrets.'),
  })
  .describe('What became of the config from afar. Retained.');
export type ConfigReportedPayload = z.infer<typeof configReportedSchema>;
