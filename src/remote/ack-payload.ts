import { z } from 'zod';

export const ackSchema = z
  .object({
    stream: z.string().describe('Of the events that are acknowledged.'),
    seqs: z
      .array(z.tuple([z.int().min(1), z.int().min(1)]))
      .max(1000)
      .describe('Ranges of numbers, both ends included.'),
  })
  .describe('From a consumer to the station: it has these events.');
