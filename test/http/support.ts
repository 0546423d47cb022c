import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { muster, startStation, type RunningStation } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

export interface ServedStation extends RunningStation {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/** A station of its own whose API is served on loopback, ready, with people enrolled if there are to be any. */
export async function startServed(
  settings: Readonly<Record<string, string>> = {},
  {
    people = [],
    cleanUp = onTestFinished,
  }: { people?: readonly (keyof typeof portraits)[]; cleanUp?: (work: () => void) => void } = {},
): Promise<ServedStation> {
  const dir = await temporaryFolder(cleanUp);
  const port = await freePort();
  const env = {
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
    MUSTER_HTTP__PORT: String(port),
    ...settings,
  };
  if (people.length > 0) {
    await mkdir(join(dir, 'people'));
    for (const name of people) await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
    const { status, stderr } = await muster(dir, ['enroll', 'people'], env);
    if (status !== 0) throw new Error(stderr);
  }
  const station = startStation(dir, env, cleanUp);
  await station.ready;
  return { ...station, dir, env, port, url: `http://127.0.0.1:${port}` };
}
