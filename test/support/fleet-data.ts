import { lineOf } from '../../src/bridge/influx.ts';
import { checkinPoint, healthPoint } from '../../src/bridge/points.ts';
import type { Decision } from '../../src/decide/contract.ts';
import { isoTime, type EpochMs } from '../../src/lib/clock.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { checkinEvent, type UnnumberedEvent } from '../../src/telemetry/event.ts';
import { face, facts, subject } from './events.ts';

/**
 * A fleet's data as `muster bridge` writes it: measurements `checkin` and `health` in line protocol. Pure: the same
 * arguments give the same lines. Events, points and lines are made by the code that makes the real ones, so names can't drift.
 */

export interface StationFacts {
  readonly site: string;
  readonly station: string;
  /** Mean captures in a busy hour. */
  readonly perHour: number;
  /** Share of the captures that are of enrolled people. */
  readonly known: number;
  /** Mean similarity of an enrolled person. */
  readonly similarity: number;
  /** How much slower than 30 ms a capture is. */
  readonly slowness: number;
  /** °C when idle. */
  readonly coolest: number;
  /** Null where the board does not tell. */
  readonly tellsThrottling: boolean;
  /** Minutes before the end of the period at which it fell silent. */
  readonly silentFor: number;
  /** What it raises all the time. */
  readonly alerts: readonly string[];
}

export const aFleet: readonly StationFacts[] = [
  station('main', 'door-1', { perHour: 60, known: 0.93 }),
  station('main', 'door-2', { perHour: 35, known: 0.8, slowness: 2.5, coolest: 62 }),
  station('main', 'gate', {
    perHour: 20,
    known: 0.6,
    similarity: 0.55,
    coolest: 53,
    tellsThrottling: false,
    alerts: ['disk_low'],
  }),
  station('annex', 'door-1', { perHour: 15, known: 0.9, coolest: 43, silentFor: 20 }),
];

function station(site: string, name: string, changes: Partial<StationFacts>): StationFacts {
  return {
    site,
    station: name,
    perHour: 30,
    known: 0.9,
    similarity: 0.72,
    slowness: 1,
    coolest: 48,
    tellsThrottling: true,
    silentFor: 0,
    alerts: [],
    ...changes,
  };
}

/** How busy a moment is, as a share of the busiest. */
export type Rhythm = (at: EpochMs) => number;

/** Always as busy: what a test finds does not depend on the time of day. */
export const steady: Rhythm = () => 1;
/** Mornings most, nights hardly, in UTC. */
export const working: Rhythm = (at) => {
  const hour = new Date(at).getUTCHours();
  return 0.05 + 0.9 * Math.exp(-(((hour - 8) / 2) ** 2)) + 0.4 * Math.exp(-(((hour - 16) / 2.5) ** 2));
};

/** Line protocol of what the stations did from `from` to `to`. */
export function fleetLines(
  stations: readonly StationFacts[],
  from: EpochMs,
  to: EpochMs,
  rhythm: Rhythm = steady,
): string[] {
  return stations.flatMap((one, index) => {
    const end = to - one.silentFor * 60_000;
    const random = seededRandom(index + 1);
    return [...checkinLines(one, from, end, random, rhythm), ...healthLines(one, from, end, random, rhythm)];
  });
}

function checkinLines(
  one: StationFacts,
  from: EpochMs,
  to: EpochMs,
  random: () => number,
  rhythm: Rhythm,
): string[] {
  const lines: string[] = [];
  for (let at = from, seq = 1; ; seq += 1) {
    at += (-Math.log(1 - random()) * 3_600_000) / (one.perHour * rhythm(at));
    if (at >= to) return lines;
    const event = anEventOf(one, Math.round(at), `${one.site}-${one.station}-${seq}`, random);
    lines.push(lineOf(checkinPoint(one, { ...event, stream: 'stream-1', seq, replayed: false })));
  }
}

function anEventOf(one: StationFacts, at: EpochMs, id: string, random: () => number): UnnumberedEvent {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const known = random() < one.known;
  const similarity = Math.min(
    0.99,
    Math.max(-0.2, known ? one.similarity + 0.07 * normal() : 0.15 + 0.1 * normal()),
  );
  const found = face([['a', similarity]], {
    probability: 0.99 + 0.01 * random(),
    quality: {
      size_px: 120 + 25 * normal(),
      sharpness: 280 + 60 * normal(),
      brightness: 120 + 20 * normal(),
      yaw_deg: 8 * normal(),
    },
  });
  const stages = { queue: 3, decode: 6, detect: 14, align: 0.4, embed: 6, match: 0.1 };
  const scaled = Object.fromEntries(
    Object.entries(stages).map(([stage, ms]) => [stage, ms * one.slowness * Math.exp(0.35 * normal())]),
  ) as typeof stages;
  const total = Object.values(scaled).reduce((sum, ms) => sum + ms, 0);
  const decision = decide(found, similarity, random);
  return checkinEvent(decision, {
    ...facts,
    eventId: id,
    capturedAt: at,
    decidedAt: at + Math.round(total),
    faces: decision.face === null ? [] : [found],
    latency: { ...scaled, total },
  });
}

function decide(found: ReturnType<typeof face>, similarity: number, random: () => number): Decision {
  const chance = random();
  const rejected = {
    decision: 'rejected',
    subject: null,
    similarity: null,
    margin: null,
    gate: null,
  } as const;
  if (chance < 0.04) return { face: null, ...rejected, reason: 'no_face' };
  if (chance < 0.08)
    return { face: found, ...rejected, reason: 'low_quality', gate: 'sharpness', similarity };
  if (similarity < facts.threshold) return { face: found, ...rejected, reason: 'unknown', similarity };
  if (chance < 0.12)
    return { face: found, ...rejected, reason: 'cooldown', subject: subject('a'), similarity };
  return { face: found, decision: 'accepted', subject: subject('a'), similarity, margin: similarity - 0.2 };
}

function healthLines(
  one: StationFacts,
  from: EpochMs,
  to: EpochMs,
  random: () => number,
  rhythm: Rhythm,
): string[] {
  const lines: string[] = [];
  // Backwards from the end: the newest is of this very minute.
  for (let at = to; at > from; at -= 60_000) {
    const hot = 16 * rhythm(at) + 3 * random();
    // Three hours before the end, and every 31 hours before that.
    const away = Math.ceil((to - at) / 3_600_000) % 31 === 3;
    lines.unshift(
      lineOf(
        healthPoint(one, {
          schema: 'health/1',
          ts: isoTime(at),
          uptime_s: 1000 + (at - from) / 1000,
          cpu_temp_c: one.coolest + hot,
          throttled: one.tellsThrottling ? one.coolest + hot > 78 : null,
          load_1m: 0.4 + random(),
          memory: { rss_mb: 210 + 10 * random(), free_mb: 1500, total_mb: 3792 },
          disk: { free_mb: 21_000, total_mb: 29_000 },
          last_capture_age_s: 5 + 200 * random(),
          event_loop_p99_ms: 1 + 4 * random(),
          outbox: {
            depth: away ? Math.round(one.perHour * rhythm(at)) : 0,
            bytes: away ? 60_000 : 0,
            oldest_age_s: away ? 900 : null,
          },
          clock: 'synced',
          alerts: away ? [...one.alerts, 'broker_away'] : [...one.alerts],
        }),
      ),
    );
  }
  return lines;
}
