import { z } from 'zod';
import { readBridgedTopic, type BridgedTopic } from '../broker/topics.ts';
import { messageOf } from '../lib/errors.ts';
import { checkinSchema, healthSchema, metricsSchema } from '../telemetry/payloads.ts';
import type { EventNumber, Reading } from './contract.ts';
import { checkinPoint, healthPoint, metricsPoint } from './points.ts';

/** The contract's limit. */
export const maxPayloadBytes = 32 * 1024;

/** What may go into a line of text without a thought: a payload comes from outside, and a tag lives for ever. */
const word = z.string().regex(/^[\w.:@+/=-]{1,128}$/);
const checkin = checkinSchema.extend({ event_id: word, stream: word, model: word });
const health = healthSchema.extend({ alerts: z.array(word).max(64).optional() });

const numbered = z.object({ stream: word, seq: z.int().min(1) });

/** Times that every database takes: InfluxDB's are 64-bit nanoseconds. */
const earliestNs = 0n;
const latestNs = 2n ** 63n - 2n;

/** Reads one message. Site and station are those of the topic, whatever the payload says. Pure; never throws. */
export function readMessage(topic: string, payload: Buffer): Reading {
  const place = readBridgedTopic(topic);
  if (place === null) return { outcome: 'bad', reason: 'a foreign topic', event: null };
  if (payload.length > maxPayloadBytes) {
    const reason = `it has ${payload.length} bytes, and may have ${maxPayloadBytes}`;
    return { outcome: 'bad', reason, event: null };
  }
  let content: unknown;
  try {
    content = JSON.parse(payload.toString());
  } catch {
    return { outcome: 'bad', reason: 'it is no JSON', event: null };
  }
  const event = place.kind === 'checkin' ? numberOf(place, content) : null;
  try {
    const reading = pointOf(place, content, event);
    const { timeNs } = reading.point;
    if (timeNs >= earliestNs && timeNs <= latestNs) return reading;
    return { outcome: 'bad', reason: 'its time is beyond what a database can hold', event };
  } catch (error) {
    const reason = error instanceof z.ZodError ? firstIssue(error) : messageOf(error);
    return { outcome: 'bad', reason, event };
  }
}

type PointReading = Reading & { outcome: 'point' };

/** Throws where the content is not of the schema. */
function pointOf(place: BridgedTopic, content: unknown, event: EventNumber | null): PointReading {
  const telemetry = { outcome: 'point', event: null, decidedAt: null } as const;
  if (place.kind === 'metrics') {
    return { ...telemetry, point: metricsPoint(place, metricsSchema.parse(content)) };
  }
  if (place.kind === 'health') return { ...telemetry, point: healthPoint(place, health.parse(content)) };
  const read = checkin.parse(content);
  const decidedAt = Date.parse(read.decided_at);
  return { outcome: 'point', point: checkinPoint(place, read), event, decidedAt };
}

function numberOf(place: { site: string; station: string }, content: unknown): EventNumber | null {
  const { data } = numbered.safeParse(content);
  return data === undefined ? null : { site: place.site, station: place.station, ...data };
}

/** Where and what, without the value: it may be anything. */
function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'it has a wrong form' : `${issue.path.join('.') || 'it'}: ${issue.code}`;
}
