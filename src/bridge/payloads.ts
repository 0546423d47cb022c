import { z } from 'zod';

const count = z.int().min(0);
const milliseconds = z.number().min(0);

export const bridgeHealthSchema = z
  .object({
    schema: z.literal('bridge-health/1'),
    ts: z.iso.datetime({ precision: 3 }).describe('ISO 8601, UTC, with milliseconds.'),
    uptime_s: z.number(),
    database: z
      .enum(['ok', 'away', 'misconfigured', 'unknown'])
      .describe('As of the last request; unknown before the first.'),
    open_messages: count.describe('Check-ins taken from the broker and not acknowledged to it.'),
    open_points: count.describe('Points that are not in the database yet.'),
    totals: z
      .object({
        messages: count.describe('Received.'),
        points_written: count.describe('Points that the database has taken.'),
        acknowledged: count.describe('Messages acknowledged to the broker.'),
        write_failures: count.describe('Requests to the database that failed.'),
        dead_letters: count.describe('Messages that could not become a point.'),
        telemetry_dropped: count.describe('Health and metrics given up while the database was away.'),
        left_with_broker: count.describe('Deliveries passed over since too many were open; they come again.'),
      })
      .describe('Since the start of the process.'),
    delay_ms: z
      .object({ p50: milliseconds, p99: milliseconds })
      .nullable()
      .describe('From the decision to the database, of the points since the last message; null without any.'),
    memory_rss_mb: z.number(),
    event_loop_p99_ms: z.number(),
  })
  .describe('What a bridge tells of itself at intervals, on muster/1/<site>/bridge/<name>/health.');
export type BridgeHealthPayload = z.infer<typeof bridgeHealthSchema>;
