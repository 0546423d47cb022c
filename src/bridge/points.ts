import { createHash } from 'node:crypto';
import { reasons } from '../decide/contract.ts';
import { round } from '../lib/round.ts';
import {
  latencyStages,
  type CheckinEvent,
  type HealthPayload,
  type MetricsPayload,
} from '../telemetry/payloads.ts';
import type { FieldType, Point } from './contract.ts';

/**
 * The points, and every field of them: docs/bridge.md and the dashboards are written against this table. A field whose value is null
 * or undefined is left out of the point. Nothing of a person and no box is among them.
 */

interface Field<T> {
  readonly name: string;
  readonly type: FieldType;
  readonly of: (payload: T) => number | boolean | string | null | undefined;
}

type Value<T> = Field<T>['of'];

const float = <T>(name: string, of: Value<T>): Field<T> => ({ name, type: 'float', of });
const int = <T>(name: string, of: Value<T>): Field<T> => ({ name, type: 'int', of });
const flag = <T>(name: string, of: Value<T>): Field<T> => ({ name, type: 'boolean', of });
const text = <T>(name: string, of: Value<T>): Field<T> => ({ name, type: 'string', of });
const bit = (value: boolean | null) => (value === null ? null : value ? 1 : 0);

const decidedMs = ({ decided_at }: CheckinEvent) => Date.parse(decided_at);
const capturedMs = ({ captured_at }: CheckinEvent) => Date.parse(captured_at);

export const checkinFields: readonly Field<CheckinEvent>[] = [
  text('event_id', (e) => e.event_id),
  text('stream', (e) => e.stream),
  int('seq', (e) => e.seq),
  flag('replayed', (e) => e.replayed),
  text('clock', (e) => e.clock),
  text('gate', (e) => e.gate),
  int('accepted', (e) => bit(e.decision === 'accepted')),
  float('similarity', (e) => e.similarity),
  float('match_pct', (e) => e.match_pct),
  float('threshold', (e) => e.threshold),
  float('margin', (e) => e.margin),
  int('faces_total', (e) => e.faces_total),
  // Of the largest face, which is the first.
  float('probability', (e) => e.faces[0]?.probability),
  float('size_px', (e) => e.faces[0]?.quality.size_px),
  float('sharpness', (e) => e.faces[0]?.quality.sharpness),
  float('brightness', (e) => e.faces[0]?.quality.brightness),
  float('yaw_deg', (e) => e.faces[0]?.quality.yaw_deg),
  float('pitch_deg', (e) => e.faces[0]?.quality.pitch_deg),
  float('roll_deg', (e) => e.faces[0]?.quality.roll_deg),
  float('features', (e) => e.faces[0]?.quality.features),
  ...latencyStages.map((stage) => float<CheckinEvent>(`latency_${stage}_ms`, (e) => e.latency_ms[stage])),
  float('pad_score', (e) => e.pad?.score),
  int('gallery_rev', (e) => e.gallery_rev),
  int('decided_at_ms', decidedMs),
  int('delay_ms', (e) => decidedMs(e) - capturedMs(e)),
];

const quantiles = ['p50', 'p95', 'p99'] as const;

export const metricsFields: readonly Field<MetricsPayload>[] = [
  float('window_s', (m) => m.window_s),
  int('captures', (m) => m.captures),
  float('captures_per_s', (m) => m.captures_per_s),
  int('accepted', (m) => m.decisions.accepted),
  int('rejected', (m) => m.decisions.rejected),
  ...reasons.map((reason) => int<MetricsPayload>(`reason_${reason}`, (m) => m.reasons[reason])),
  float('accept_rate_pct', (m) => m.accept_rate_pct),
  float('similarity_mean', (m) => m.similarity_mean),
  ...latencyStages.flatMap((stage) =>
    quantiles.map((q) =>
      float<MetricsPayload>(`latency_${stage}_${q}_ms`, (m) => m.latency_ms?.[stage]?.[q]),
    ),
  ),
  int('total_captures', (m) => m.totals.captures),
  int('total_accepted', (m) => m.totals.accepted),
  int('total_rejected', (m) => m.totals.rejected),
  int('total_failed', (m) => m.totals.failed),
];

export const healthFields: readonly Field<HealthPayload>[] = [
  float('uptime_s', (h) => h.uptime_s),
  float('cpu_temp_c', (h) => h.cpu_temp_c),
  int('throttled', (h) => bit(h.throttled)),
  float('load_1m', (h) => h.load_1m),
  float('memory_rss_mb', (h) => h.memory.rss_mb),
  float('memory_free_mb', (h) => h.memory.free_mb),
  float('memory_total_mb', (h) => h.memory.total_mb),
  float('disk_free_mb', (h) => h.disk?.free_mb),
  float('disk_total_mb', (h) => h.disk?.total_mb),
  float('last_capture_age_s', (h) => h.last_capture_age_s),
  float('event_loop_p99_ms', (h) => h.event_loop_p99_ms),
  int('outbox_depth', (h) => h.outbox.depth),
  int('outbox_bytes', (h) => h.outbox.bytes),
  float('outbox_oldest_age_s', (h) => h.outbox.oldest_age_s),
  int('clock_synced', (h) => (h.clock === 'unknown' ? null : bit(h.clock === 'synced'))),
  text('clock', (h) => h.clock),
  int('alerts', (h) => h.alerts?.length),
  text('alert_ids', (h) => h.alerts?.toSorted().join(',') || null),
];

interface Place {
  readonly site: string;
  readonly station: string;
}

/**
 * One decision. Its time is that of the capture in ms, and below the millisecond a hash of the event id: the same event is the
 * same point however often it is written, and two events of one millisecond are two.
 */
export function checkinPoint(place: Place, event: CheckinEvent): Point {
  const { decision, reason, model } = event;
  return {
    measurement: 'checkin',
    tags: { ...tagsOf(place), decision, reason: reason ?? 'none', model },
    fields: fieldsOf(checkinFields, event),
    timeNs: nanoseconds(event.captured_at) + belowMillisecond(event.event_id),
  };
}

export function metricsPoint(place: Place, payload: MetricsPayload): Point {
  return {
    measurement: 'metrics',
    tags: tagsOf(place),
    fields: fieldsOf(metricsFields, payload),
    timeNs: nanoseconds(payload.ts),
  };
}

export function healthPoint(place: Place, payload: HealthPayload): Point {
  return {
    measurement: 'health',
    tags: tagsOf(place),
    fields: fieldsOf(healthFields, payload),
    timeNs: nanoseconds(payload.ts),
  };
}

function tagsOf({ site, station }: Place) {
  return { site, station };
}

function fieldsOf<T>(fields: readonly Field<T>[], payload: T): Point['fields'] {
  return fields.flatMap(({ name, type, of }) => {
    const value = of(payload);
    if (value === null || value === undefined) return [];
    return [[name, type, type === 'float' ? round(Number(value), 6) : value] as const];
  });
}

const nanoseconds = (time: string) => BigInt(Date.parse(time)) * 1_000_000n;

/** 0..999,999. */
function belowMillisecond(eventId: string): bigint {
  return BigInt(createHash('sha256').update(eventId).digest().readUIntBE(0, 6) % 1_000_000);
}
