import { join, resolve } from 'node:path';
import type { Config } from './schema.ts';

/** The folders of captures as absolute paths, with what null stands for filled in. */
export function captureFolders(config: Pick<Config, 'data_dir' | 'capture'>): {
  readonly inbox: string;
  readonly done: string;
  readonly failed: string;
} {
  const { path, done, failed } = config.capture.folder;
  const inbox = resolve(path ?? join(config.data_dir, 'inbox'));
  return {
    inbox,
    done: resolve(done ?? join(inbox, 'done')),
    failed: resolve(failed ?? join(inbox, 'failed')),
  };
}

/** The station's client id at the broker: the same at each start, so that a broker knows it again. */
export function mqttClientId(config: Pick<Config, 'site' | 'station' | 'mqtt'>): string {
  return config.mqtt.client_id ?? `muster-${config.site}-${config.station}`;
}
