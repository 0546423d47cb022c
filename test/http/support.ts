import { freePort } from '../../demo/free-port.ts';
import { startStation, type RunningStation } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

export interface ServedStation extends RunningStation {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/** A station of its own whose API is served on loopback, ready. */
export async function startServed(settings: Readonly<Record<string, string>> = {}): Promise<ServedStation> {
  const dir = await temporaryFolder();
  const port = await freePort();
  const env = {
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
    MUSTER_HTTP__PORT: String(port),
    ...settings,
  };
  const station = startStation(dir, env);
  await station.ready;
  return { ...station, dir, env, url: `http://127.0.0.1:${port}` };
}
