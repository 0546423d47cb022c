import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGalleryStore } from '../../src/gallery/store.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Gallery } from '../../src/gallery/contract.ts';
import { readSettings } from '../../src/remote/config/file.ts';
import { dimension, simulatedModel } from '../../src/simulate/people.ts';
import type { OutboxEntry } from '../../src/telemetry/contract.ts';
import { numberOf, type Promises } from './promises.ts';
import { runSmallStation } from './station.ts';

/** A station that hasn't worked off its inbox after so long has not started, ms. */
const patienceMs = 20_000;
/** Nobody listens there. */
const nowhere = 'mqtt://127.0.0.1:9';
const log = createLog('silent');

/**
 * Starts a station on what a power cut has left, has it work off its inbox, and says what is missing of what was promised. Empty: nothing.
 */
export async function missingAfter(dataDir: string, promises: Promises, people: Gallery): Promise<string[]> {
  const missing: string[] = [];
  const entries = await startOn(dataDir, people);
  const recorded = new Map<number, string>();
  for (const { event } of entries) {
    const number = numberOf(event);
    const id = recorded.get(number);
    if (id !== undefined && id !== event.event_id) missing.push(`capture ${number} was decided twice`);
    recorded.set(number, event.event_id);
  }
  for (let n = 0; n < promises.fed; n += 1)
    if (!recorded.has(n) && !promises.delivered.has(n)) missing.push(`capture ${n} is lost`);

  const dir = join(dataDir, 'gallery', 'main');
  const gallery = await createGalleryStore({
    dir,
    models: { fingerprint: simulatedModel, dimension },
    clock: systemClock,
    log,
  }).load();
  const { gallery: promised } = promises;
  const isThere =
    promised === null ||
    gallery.revision > promised.revision ||
    (gallery.revision === promised.revision && gallery.digest === promised.digest);
  if (!isThere) missing.push(`gallery revision ${promised.revision} is lost: there is ${gallery.revision}`);

  const settings = await readSettings(join(dataDir, 'remote-settings.json'), log);
  const rev = settings.applied.station?.rev ?? 0;
  if (rev < promises.settings) missing.push(`settings ${promises.settings} are lost: there are ${rev}`);
  return missing;
}

/** Resolves with what is in the outbox when the inbox is empty. */
async function startOn(dataDir: string, people: Gallery): Promise<readonly OutboxEntry[]> {
  const stop = new AbortController();
  let entries: readonly OutboxEntry[] = [];
  let watching = Promise.resolve();
  await runSmallStation(
    {
      dataDir,
      url: nowhere,
      people,
      log,
      onStart(telemetry) {
        watching = (async () => {
          const end = performance.now() + patienceMs;
          while (await hasCaptures(join(dataDir, 'inbox'))) {
            if (performance.now() > end) throw new Error('the station did not work off its inbox');
            await sleep(5);
          }
          entries = await telemetry.outbox.read(0, Number.MAX_SAFE_INTEGER);
        })().finally(() => stop.abort());
        watching.catch(() => undefined);
      },
    },
    stop.signal,
  );
  await watching;
  return entries;
}

async function hasCaptures(inbox: string): Promise<boolean> {
  return (await readdir(inbox)).some((name) => name.endsWith('.jpg'));
}
