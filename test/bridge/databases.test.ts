import { expect, it } from 'vitest';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import {
  began,
  bridgedMosquitto,
  bridgeIn,
  bridgeServers,
  healthPayload,
  metricsPayload,
  numberedEvent,
  publisher,
  untilBridged,
} from '../support/bridge.ts';
import { hasInflux, withoutInflux } from '../support/influx.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { hasVictoria, startVictoria, withoutVictoria } from '../support/victoria.ts';
import { subscribe } from '../support/broker.ts';

const count = 120;
const events = Array.from({ length: count }, (_, i) => numberedEvent(i + 1));

/** What the contract says the database holds of an event, spelled out apart from the code under test. */
function expectedFields(event: CheckinEvent): Record<string, unknown> {
  const [first] = event.faces;
  const decided = Date.parse(event.decided_at);
  const all = {
    event_id: event.event_id,
    stream: event.stream,
    seq: event.seq,
    replayed: event.replayed,
    clock: event.clock,
    gate: event.gate,
    accepted: event.decision === 'accepted' ? 1 : 0,
    similarity: event.similarity,
    match_pct: event.match_pct,
    threshold: event.threshold,
    margin: event.margin,
    faces_total: event.faces_total,
    probability: first?.probability ?? null,
    size_px: first?.quality.size_px ?? null,
    sharpness: first?.quality.sharpness ?? null,
    brightness: first?.quality.brightness ?? null,
    yaw_deg: first?.quality.yaw_deg ?? null,
    pitch_deg: first?.quality.pitch_deg ?? null,
    roll_deg: first?.quality.roll_deg ?? null,
    features: first?.quality.features ?? null,
    latency_queue_ms: event.latency_ms.queue,
    latency_decode_ms: event.latency_ms.decode,
    latency_detect_ms: event.latency_ms.detect,
    latency_align_ms: event.latency_ms.align,
    latency_embed_ms: event.latency_ms.embed,
    latency_match_ms: event.latency_ms.match,
    latency_total_ms: event.latency_ms.total,
    gallery_rev: event.gallery_rev,
    decided_at_ms: decided,
    delay_ms: decided - Date.parse(event.captured_at),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

const expectedTags = ({ decision, reason, model }: CheckinEvent) => ({
  site: 'default',
  station: 'door-1',
  decision,
  reason: reason ?? 'none',
  model,
});

it.skipIf(!hasInflux || !hasMosquitto)(
  `InfluxDB holds what the station published, field by field, also when every message was sent twice${hasInflux && hasMosquitto ? '' : ` (${withoutInflux}, or ${withoutMosquitto})`}`,
  { timeout: 40_000 },
  async () => {
    const { broker, influx, proxy } = await bridgeServers();
    await bridgeIn({ broker: broker.url, database: proxy.url, dir: await temporaryFolder() });
    const acks = await subscribe(broker.url, 'muster/1/default/door-1/ack');
    const station = await publisher(broker.url);
    await untilBridged(broker.url, station);
    await station.checkins(events);
    await station.checkins(events);
    await station.client.publishAsync(
      'muster/1/default/door-1/metrics',
      JSON.stringify(metricsPayload(began)),
    );
    await station.client.publishAsync('muster/1/default/door-1/health', JSON.stringify(healthPayload(began)));
    const acknowledged = () =>
      new Set(
        acks.messages.flatMap(({ payload }) =>
          (JSON.parse(payload) as { seqs: [number, number][] }).seqs.flatMap(([from, to]) =>
            Array.from({ length: to - from + 1 }, (_, i) => from + i),
          ),
        ),
      );
    await eventually('all acknowledged', () => acknowledged().size === count);
    await eventually('health', async () => (await influx.query('SELECT * FROM health')).length === 1);
    await eventually('metrics', async () => (await influx.query('SELECT * FROM metrics')).length === 1);

    const rows = await influx.query("SELECT * FROM checkin WHERE station = 'door-1'");
    expect(rows).toHaveLength(count);
    const bySeq = new Map(rows.map((row) => [row['seq'], row]));
    for (const event of events) {
      const { time, ...row } = bySeq.get(event.seq) ?? {};
      expect(row).toEqual({ ...expectedFields(event), ...expectedTags(event) });
      expect(BigInt(String(time)) / 1_000_000n).toBe(BigInt(Date.parse(event.captured_at)));
    }
    expect(await influx.query('SELECT * FROM health')).toEqual([
      {
        time: `${began}000000`,
        site: 'default',
        station: 'door-1',
        uptime_s: 1234.5,
        cpu_temp_c: 51.2,
        throttled: 0,
        load_1m: 0.42,
        memory_rss_mb: 180.5,
        memory_free_mb: 900,
        memory_total_mb: 3800,
        disk_free_mb: 12_000,
        disk_total_mb: 30_000,
        last_capture_age_s: 3.5,
        event_loop_p99_ms: 1.25,
        outbox_depth: 2,
        outbox_bytes: 3456,
        outbox_oldest_age_s: 1.5,
        clock_synced: 1,
        clock: 'synced',
        alerts: 2,
        alert_ids: 'inbox-unusable,outbox-full',
      },
    ]);
    const stages = ['queue', 'decode', 'detect', 'align', 'embed', 'match', 'total'];
    expect(await influx.query('SELECT * FROM metrics')).toEqual([
      {
        time: `${began}000000`,
        site: 'default',
        station: 'door-1',
        window_s: 300,
        captures: 12,
        captures_per_s: 0.04,
        accepted: 9,
        rejected: 3,
        reason_no_face: 1,
        reason_low_quality: 2,
        reason_unknown: 0,
        reason_ambiguous: 0,
        reason_spoof_suspected: 0,
        reason_cooldown: 0,
        reason_gallery_empty: 0,
        accept_rate_pct: 75,
        similarity_mean: 0.712,
        ...Object.fromEntries(
          stages.flatMap((stage) => [
            [`latency_${stage}_p50_ms`, 5.5],
            [`latency_${stage}_p95_ms`, 9],
            [`latency_${stage}_p99_ms`, 12.25],
          ]),
        ),
        total_captures: 100,
        total_accepted: 80,
        total_rejected: 20,
        total_failed: 1,
      },
    ]);
    // Nothing of a person, whatever the payload says.
    expect(JSON.stringify(await influx.query('SHOW TAG VALUES WITH KEY =~ /.*/'))).not.toContain('alice');
    expect(JSON.stringify(rows)).not.toContain('alice');
  },
);

it.skipIf(!hasVictoria || !hasMosquitto)(
  `VictoriaMetrics holds what the station published, sample by sample, also when every message was sent twice${hasVictoria && hasMosquitto ? '' : ` (${withoutVictoria}, or ${withoutMosquitto})`}`,
  { timeout: 40_000 },
  async () => {
    const broker = await startMosquitto(bridgedMosquitto);
    const victoria = await startVictoria();
    await bridgeIn({ broker: broker.url, database: victoria.url, dir: await temporaryFolder() });
    const station = await publisher(broker.url);
    await untilBridged(broker.url, station);
    await station.checkins(events);
    await station.checkins(events);
    const key = (name: string, tags: object) =>
      JSON.stringify([name, Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    const expected = new Map<string, Map<number, number>>();
    for (const event of events) {
      for (const [name, value] of Object.entries(expectedFields(event))) {
        // It keeps numbers only.
        if (typeof value !== 'number') continue;
        const series = key(`checkin_${name}`, expectedTags(event));
        if (!expected.has(series)) expected.set(series, new Map());
        expected.get(series)?.set(Date.parse(event.captured_at), value);
      }
    }
    const held = async () => {
      const found = new Map<string, Map<number, number>>();
      for (const { metric, values, timestamps } of await victoria.export(
        '{__name__=~"checkin_.*",station="door-1"}',
      )) {
        const { __name__: name = '', db: _db, ...tags } = metric;
        if (/_(event_id|stream|replayed|clock|gate)$/.test(name)) continue;
        expect(new Set(timestamps).size).toBe(timestamps.length);
        found.set(key(name, tags), new Map(timestamps.map((time, i) => [time, values[i] ?? NaN])));
      }
      return found;
    };
    await eventually('all samples', async () => {
      const size = (series: Map<string, Map<number, number>>) =>
        [...series.values()].reduce((sum, samples) => sum + samples.size, 0);
      return size(await held()) >= size(expected);
    });
    expect(await held()).toEqual(expected);
  },
);
