import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { portraits, scenery } from '../../demo/sample-photos.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const captures = 300;
const kills = 20;
/** 2026-11-23T09:00:00Z; the captures are a second apart, so that an event tells whose it is. */
const firstSecond = 1_795_424_400;

it(
  `loses none of ${captures} captures and decides none twice when it is killed ${kills} times`,
  { timeout: 300_000 },
  async () => {
    const random = seededRandom(20_261_123);
    const dir = await temporaryFolder();
    const inbox = join(dir, 'data', 'inbox');
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'muster/1/default/station-1/checkin');
    const env = {
      MUSTER_MQTT__URL: broker.url(),
      MUSTER_MQTT__RECONNECT_MIN_MS: '50',
      MUSTER_DECISION__COOLDOWN_S: '5',
    };

    await mkdir(join(dir, 'people'));
    await writeFile(join(dir, 'people', 'alice.jpg'), await portraits.alice());
    await writeFile(join(dir, 'people', 'bella.jpg'), await portraits.bella());
    expect((await muster(dir, ['enroll', 'people'], env)).status).toBe(0);
    const photos = await Promise.all(
      [portraits.aliceAgain, portraits.bellaAgain, portraits.stranger, scenery].map(async (photo) =>
        sharp(await photo())
          .resize({ width: 320 })
          .jpeg()
          .toBuffer(),
      ),
    );

    // Captures keep coming while the station lives and dies.
    await mkdir(inbox, { recursive: true });
    const feeding = (async () => {
      for (let i = 0; i < captures; i += 1) {
        const path = join(dir, 'capture.jpg');
        await writeFile(path, photos[i % photos.length] as Buffer);
        await utimes(path, firstSecond + i, firstSecond + i);
        await rename(path, join(inbox, `capture-${i}.jpg`));
        await sleep(60);
      }
    })();
    for (let kill = 0; kill < kills; kill += 1) {
      const station = startStation(dir, env);
      // From the start of the process over the start of the station into its work.
      await sleep(150 + random() * 1_500);
      await station.kill();
    }
    await feeding;

    const station = startStation(dir, env);
    const left = async () =>
      (await readdir(inbox, { recursive: true })).filter((name) => name.endsWith('.jpg'));
    await eventually('an empty inbox', async () => (await left()).length === 0, 120_000);
    expect(await station.stop()).toBe(0);

    const idsOf = new Map<string, Set<string>>();
    const told = new Map<string, string>();
    const seqs: number[] = [];
    for (const { payload } of messages) {
      const event = JSON.parse(payload) as CheckinEvent;
      idsOf.set(event.captured_at, (idsOf.get(event.captured_at) ?? new Set()).add(event.event_id));
      const text = JSON.stringify({ ...event, replayed: null });
      expect(told.get(event.event_id) ?? text).toBe(text);
      if (!told.has(event.event_id)) seqs.push(event.seq);
      told.set(event.event_id, text);
    }
    const expected = Array.from({ length: captures }, (_, i) =>
      new Date((firstSecond + i) * 1000).toISOString(),
    );
    expect([...idsOf.keys()].toSorted()).toEqual(expected);
    expect([...idsOf.values()].every((ids) => ids.size === 1)).toBe(true);
    expect(seqs).toEqual(Array.from({ length: captures }, (_, i) => i + 1));
    const decisions = [...told.values()].map((text) => (JSON.parse(text) as CheckinEvent).decision);
    expect(new Set(decisions)).toEqual(new Set(['accepted', 'rejected']));
  },
);
