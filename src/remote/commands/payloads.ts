import { z } from 'zod';
import { errorCodes } from './contract.ts';

/** The largest payload of the contract, bytes. */
export const maxPayloadBytes = 32 * 1024;

/** A command is not kept longer than a day: nobody remembers what they asked for. */
const maxTtlS = 86_400;

export const cmdSchema = z
  .object({
    id: z
      .string()
      .regex(/^[\w.:-]{1,64}$/)
      .describe('Chosen by the one who asks, new for each command: 1 to 64 letters, digits, _ . : -'),
    ts: z.iso.datetime().describe('When it was asked, ISO 8601, UTC.'),
    ttl_s: z
      .number()
      .positive()
      .max(maxTtlS)
      .describe('Seconds after ts from which the station refuses it as expired.'),
    args: z.record(z.string(), z.unknown()).default({}).describe('See docs/remote.md for each command.'),
  })
  .describe('A command, on cmd/<name>. Not retained.');
export type CmdPayload = z.infer<typeof cmdSchema>;

export const resSchema = z
  .object({
    id: z.string().nullable().describe("The command's; null where it could not be read."),
    ok: z.boolean().optional().describe('The command has ended. Left out while it goes on.'),
    data: z.record(z.string(), z.unknown()).optional().describe('With ok: true.'),
    error: z
      .object({ code: z.enum(errorCodes), message: z.string() })
      .optional()
      .describe('With ok: false.'),
    progress: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('How far a long command is; the answer follows.'),
  })
  .describe('The answer to a command, on res/<name>.');
export type ResPayload = z.infer<typeof resSchema>;
