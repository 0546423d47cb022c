import type { StationTopics } from '../../broker/topics.ts';
import { components, type Component } from './components.ts';

/** What a discovery message is made of. */
export interface DiscoveryOptions {
  readonly site: string;
  readonly station: string;
  readonly topics: Pick<StationTopics, 'state' | 'health' | 'metrics' | 'checkin'>;
  /** Seconds between two messages of a kind: the sensors that come of them expire after two and a half times that. */
  readonly healthS: number;
  readonly metricsS: number;
  /** Of the program. */
  readonly version: string;
}

export interface DiscoveryPayload {
  readonly device: Readonly<Record<string, unknown>>;
  readonly origin: Readonly<Record<string, unknown>>;
  readonly availability: readonly Availability[];
  readonly components: Readonly<Record<string, Component>>;
}

export interface Availability {
  readonly topic: string;
  readonly value_template: string;
}

/** Where the message of one station goes: its object id has to be unique below the prefix. */
export function discoveryTopic(prefix: string, { site, station }: { site: string; station: string }): string {
  return `${prefix}/device/muster-${site}-${station}/config`;
}

/** Where Home Assistant says `online` when it has started, and `offline`. */
export const statusTopic = (prefix: string) => `${prefix}/status`;

/**
 * The discovery message of a station: one device with all its entities. Keys are written out, none is abbreviated. Follows
 * https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (Home Assistant 2024.11 and newer).
 *
 * What is shared holds for each component that does not say otherwise.
 */
export function discoveryPayload(options: DiscoveryOptions): DiscoveryPayload {
  const { site, station, topics, version } = options;
  return {
    device: {
      identifiers: [`muster_${site}_${station}`],
      // With the site, so that the entity ids of two sites at one Home Assistant differ.
      name: `Muster ${station} (${site})`,
      manufacturer: 'Muster',
      model: 'Face check-in station',
      sw_version: version,
    },
    origin: { name: 'Muster', sw_version: version },
    availability: [
      {
        topic: topics.state,
        value_template:
          "{{ 'online' if value_json.state in ['starting', 'ready', 'degraded', 'stopping'] else 'offline' }}",
      },
    ],
    components: components(options),
  };
}
