import { configFields, valueIn } from '../config/fields.ts';
import type { Origin } from '../config/layers.ts';
import { placeOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

/** One field of the config, for a person to look at. */
export interface ConfigField {
  /** `mqtt.url` */
  readonly name: string;
  /** `***` for a secret that is set. */
  readonly value: unknown;
  /** `default`, `station.yaml:12`, `MUSTER_MQTT__URL` or `config/desired rev 7`. */
  readonly origin: string;
  /** Whether it may be changed over MQTT. */
  readonly remote: boolean;
  readonly secret: boolean;
  readonly description: string;
  /** The allowed values in words. */
  readonly allowed: string;
}

/** Every field of the config in the order of the schema, without the value of any secret. */
export function listConfig(config: Config, origins: ReadonlyMap<string, Origin>): readonly ConfigField[] {
  return [...configFields.values()].map(({ name, path, remote, secret, description, allowed }) => {
    const value = valueIn(config, path);
    return {
      name,
      value: secret && value !== null ? '***' : value,
      origin: placeOf(origins.get(name) ?? { kind: 'default' }),
      remote,
      secret,
      description,
      allowed,
    };
  });
}
