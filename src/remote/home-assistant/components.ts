import { reasons } from '../../decide/contract.ts';
import { stationStates } from '../../telemetry/payloads.ts';
import type { DiscoveryOptions } from './payload.ts';

/** One entity, with the keys of its platform's page at https://www.home-assistant.io/integrations/. */
export interface Component {
  readonly platform: 'sensor' | 'binary_sensor' | 'event';
  readonly unique_id: string;
  readonly name: string;
  readonly state_topic: string;
  readonly value_template: string;
  readonly [key: string]: unknown;
}

type Fields = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly value_template: string;
};

const diagnostic = { entity_category: 'diagnostic' };
const measured = (unit: string | null, digits: number) => ({
  ...(unit === null ? {} : { unit_of_measurement: unit }),
  state_class: 'measurement',
  suggested_display_precision: digits,
});
const seconds = { device_class: 'duration', ...measured('s', 0) };
const milliseconds = { device_class: 'duration', ...measured('ms', 1) };
const mebibytes = { device_class: 'data_size', ...measured('MiB', 0) };

/**
 * The entities of a station by their key. A template that yields `None` makes an entity `unknown`; one that yields nothing
 * makes an event entity pass the message over.
 */
export function components(options: DiscoveryOptions): Record<string, Component> {
  const { site, station, topics } = options;
  const expire = (everyS: number) => ({ expire_after: Math.ceil(2.5 * everyS) });
  const from = (
    state_topic: string,
    platform: Component['platform'],
    shared: object,
    entities: Readonly<Record<string, Fields>>,
  ) =>
    Object.entries(entities).map(([key, fields]): [string, Component] => [
      key,
      { platform, unique_id: `muster_${site}_${station}_${key}`, state_topic, ...shared, ...fields },
    ]);
  const ofHealth = { ...diagnostic, ...expire(options.healthS) };
  return Object.fromEntries([
    ...from(topics.state, 'sensor', {}, state(topics.state)),
    ...from(topics.state, 'binary_sensor', {}, problem),
    ...from(topics.health, 'sensor', ofHealth, health),
    ...from(topics.health, 'binary_sensor', ofHealth, healthFlags),
    ...from(topics.metrics, 'sensor', expire(options.metricsS), metrics),
    ...from(topics.checkin, 'event', {}, checkin),
  ]);
}

/** Stays available, to say `lost` and `stopped`, where all others become unavailable. */
function state(topic: string): Record<string, Fields> {
  return {
    state: {
      name: 'State',
      device_class: 'enum',
      options: stationStates,
      value_template: '{{ value_json.state }}',
      availability: [{ topic, value_template: "{{ 'online' if value_json.state else 'offline' }}" }],
    },
  };
}

const problem: Record<string, Fields> = {
  problem: {
    name: 'Problem',
    device_class: 'problem',
    value_template: "{{ 'ON' if value_json.state == 'degraded' else 'OFF' }}",
  },
};

const health: Record<string, Fields> = {
  cpu_temperature: {
    name: 'CPU temperature',
    device_class: 'temperature',
    ...measured('°C', 1),
    value_template: '{{ value_json.cpu_temp_c }}',
  },
  load: { name: 'Load', ...measured(null, 2), value_template: '{{ value_json.load_1m }}' },
  memory: { name: 'Memory used', ...mebibytes, value_template: '{{ value_json.memory.rss_mb }}' },
  disk_free: {
    name: 'Disk free',
    ...mebibytes,
    value_template: '{{ value_json.disk.free_mb if value_json.disk else None }}',
  },
  outbox: { name: 'Outbox', ...measured('events', 0), value_template: '{{ value_json.outbox.depth }}' },
  outbox_age: {
    name: 'Oldest event in the outbox',
    ...seconds,
    value_template: '{{ value_json.outbox.oldest_age_s }}',
  },
  event_loop: {
    name: 'Event loop delay p99',
    ...milliseconds,
    value_template: '{{ value_json.event_loop_p99_ms }}',
  },
  last_capture: { name: 'Last capture', ...seconds, value_template: '{{ value_json.last_capture_age_s }}' },
};

const healthFlags: Record<string, Fields> = {
  throttled: {
    name: 'Throttled',
    device_class: 'problem',
    // As Python writes them.
    payload_on: 'True',
    payload_off: 'False',
    value_template: '{{ value_json.throttled }}',
  },
  clock_synced: {
    name: 'Clock synchronised',
    payload_on: 'synced',
    payload_off: 'unsynced',
    value_template: "{{ None if value_json.clock == 'unknown' else value_json.clock }}",
  },
};

const metrics: Record<string, Fields> = {
  accept_rate: {
    name: 'Accept rate',
    ...measured('%', 1),
    value_template: '{{ value_json.accept_rate_pct }}',
  },
  captures_window: {
    name: 'Recent captures',
    ...measured('captures', 0),
    value_template: '{{ value_json.captures }}',
  },
  captures: {
    name: 'Captures',
    // Begins at 0 with each start, which this class of Home Assistant's statistics allows for.
    ...measured('captures', 0),
    state_class: 'total_increasing',
    value_template: '{{ value_json.totals.captures }}',
  },
  latency_p95: {
    name: 'Latency p95',
    ...milliseconds,
    value_template: '{{ value_json.latency_ms.total.p95 if value_json.latency_ms else None }}',
  },
  similarity: {
    name: 'Mean similarity',
    ...measured(null, 3),
    value_template: '{{ value_json.similarity_mean }}',
  },
};

/** No subject and no face; a replayed event is old and yields nothing, which Home Assistant passes over. */
const attributes = [
  "'event_type': value_json.reason or value_json.decision",
  "'reason': value_json.reason",
  "'similarity': value_json.similarity",
  "'match_pct': value_json.match_pct",
  "'threshold': value_json.threshold",
  "'latency_ms': value_json.latency_ms.total",
];

const checkin: Record<string, Fields> = {
  checkin: {
    name: 'Check-in',
    icon: 'mdi:face-recognition',
    event_types: ['accepted', ...reasons],
    value_template: `{{ '' if value_json.replayed else {${attributes.join(', ')}} | to_json }}`,
  },
};
